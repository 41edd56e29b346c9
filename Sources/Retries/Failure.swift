import Cluster
import Failures
import ImageSets

/// What is known of a reference that failed on a node.
public struct Failure: Sendable, Equatable {
    public var reason: FailureReason
    /// The runtime's message of the newest attempt.
    public var message: String
    /// Attempts that failed in a row.
    public var attempts: Int
    /// When the first of them ended.
    public var since: Timestamp
    public var lastAttempt: Timestamp
    /// No attempt is made before.
    public var nextAttempt: Timestamp
    /// Who tried.
    public var puller = Puller.agent
    public var immediate = ImmediateRetries()
    /// The pull didn't end, and made room for another node's.
    public var isGivenUp = false

    public init(
        reason: FailureReason, message: String, attempts: Int, since: Timestamp, lastAttempt: Timestamp,
        nextAttempt: Timestamp, puller: Puller = .agent, immediate: ImmediateRetries = ImmediateRetries(),
        isGivenUp: Bool = false
    ) {
        (self.reason, self.message, self.attempts) = (reason, message, attempts)
        (self.since, self.lastAttempt, self.nextAttempt) = (since, lastAttempt, nextAttempt)
        (self.puller, self.immediate, self.isGivenUp) = (puller, immediate, isGivenUp)
    }

    /// Whether other credentials could help. Docker Hub says of what is private that it may not exist.
    public var isRefused: Bool {
        reason == .unauthorized || reason == .notFound && FailureExplanation(message: message).isRefused
    }

    /// The same under another policy: nobody waits longer than the new one would ever let them.
    public func due(noLaterThan policy: RetryPolicy) -> Self {
        var failure = self
        let latest = lastAttempt + policy.longestDelay(afterFailures: attempts, reason: reason)
        failure.nextAttempt = min(nextAttempt, latest)
        return failure
    }
}

extension RetryPolicy {
    /// Seconds to wait after `failures` failures in a row: exponential growth with full jitter, so that nodes which
    /// failed together don't come back together; a constant with a tenth of jitter where the reason is permanent.
    public func delay(
        afterFailures failures: Int, reason: FailureReason, using random: inout some RandomNumberGenerator
    ) -> Double {
        let longest = longestDelay(afterFailures: failures, reason: reason)
        if reason.isPermanent { return Double.random(in: (longest * 9 / 11)...longest, using: &random) }
        // Never at once: a refusal would only be repeated.
        let shortest = reason == .rateLimited ? min(longest, Double(initialSeconds)) : 0.5
        return Double.random(in: min(shortest, longest)...max(shortest, longest), using: &random)
    }

    /// What one refused pull asks of a registry: containerd 1.6 makes six requests within a second when it is told 429
    /// (measured; 2.3 makes five, CRI-O ten), so it waits as long as six failed requests would.
    public static let requestsOfRefusal = 6.0

    /// The most that ``delay(afterFailures:reason:using:)`` gives, in seconds.
    public func longestDelay(afterFailures failures: Int, reason: FailureReason) -> Double {
        if reason.isPermanent { return Double(permanentSeconds) * 1.1 }
        let doublings = min(max(failures - 1, 0), 30)
        let first = Double(initialSeconds) * (reason == .rateLimited ? Self.requestsOfRefusal : 1)
        return min(Double(maxSeconds), first * Double(UInt64(1) << UInt64(doublings)))
    }
}
