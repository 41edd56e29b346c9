import Cluster
import ImageSets

/// What is known of one image on one platform: whether it may be pulled by all, or has to be tried first.
///
/// A failure that could be the reference's own is believed only when two nodes agree on it: one node alone may have a
/// mirror, a proxy or credentials that are to blame. So a broken reference costs two failures at first, not one on each node, and
/// one sick node costs the others nothing.
public struct Trial: Sendable, Equatable {
    public struct Key: Sendable, Hashable {
        /// Normalised.
        public var reference: String
        /// `os/arch`.
        public var platform: String

        public init(reference: String, platform: String) {
            self.reference = reference
            self.platform = platform
        }
    }

    /// A node that failed for a reason that could be the reference's.
    struct Witness: Sendable, Equatable {
        var node: String
        var reason: FailureReason
        /// Other credentials could help.
        var isRefused: Bool
    }

    /// It has worked on some node, and no two nodes have agreed on a failure since.
    public private(set) var isProven = false
    /// Why the image can't be had, when two nodes agree: the others wait meanwhile.
    public private(set) var verdict: FailureReason?
    /// Nobody tries before, for reasons that aren't the reference's.
    public private(set) var nextAttempt: Timestamp?
    /// When the next of the witnesses asks again whether a reference that wasn't there is there by now.
    public private(set) var nextQuestion: Timestamp?
    /// When another node is asked than those that agree: they could be wrong together.
    private(set) var nextNewcomer: Timestamp?
    /// Since it worked last, whoever failed last coming last: two that agree, and what few others say.
    private(set) var witnesses: [Witness] = []
    /// The node whose turn it is: somebody chose it, or it has got other pull secrets.
    private(set) var appointed: String?
    /// Seconds of the longest pull that succeeded.
    private(set) var slowest: Double?
    /// When it worked last.
    private(set) var workedAt: Timestamp?

    /// In a row, on whatever node, for reasons that aren't the reference's.
    private var failures = 0
    private var believedSince: Timestamp?
    private var questions = 0

    /// Failures on so many nodes are free: whether the node or the registry is to blame shows only on several.
    private static let freeFailures = 3
    private static let mostWitnesses = 4
    /// Seconds: nobody waits longer for what others fail at.
    static let longestPause = 30.0
    /// Seconds between questions for a tag that may be about to be pushed, and for how long they are asked so often.
    private static let questionPauses = [5.0, 10, 20, 30]
    private static let patience = 1800.0
    private static let latePause = 60.0

    public init() {}

    /// What has worked before this run of the coordinator.
    static var proven: Self {
        var trial = Self()
        trial.isProven = true
        return trial
    }

    /// More nodes have failed than are free: who lacks the image waits for the next attempt, wherever that is.
    var isStuck: Bool { !isProven && failures > Self.freeFailures }

    /// - Parameter seconds: what the pull took.
    mutating func succeeded(seconds: Double, at now: Timestamp) {
        let slowest = max(slowest ?? 0, seconds)
        self = .proven
        self.slowest = slowest
        workedAt = now
    }

    mutating func failed(
        _ failure: Witness, at now: Timestamp, policy: RetryPolicy, using random: inout some RandomNumberGenerator
    ) {
        let (node, reason) = (failure.node, failure.reason)
        if appointed == node { appointed = nil }
        guard !reason.blamesNodeAlone else { return }
        guard reason.blamesReference else {
            // It has no opinion; others of its kind aren't asked one after another.
            if verdict != nil { nextNewcomer = now + policy.longestDelay(afterFailures: 1, reason: .notFound) }
            guard !isProven else { return }
            failures += 1
            let extra = failures - Self.freeFailures + 1
            let pause = policy.delay(afterFailures: extra, reason: .network, using: &random)
            nextAttempt = extra > 0 ? now + min(Self.longestPause, pause) : nil
            return
        }
        let isNewcomer = !witnesses.contains { $0.node == node }
        witnesses.removeAll { $0.node == node }
        witnesses.append(failure)
        let former = verdict
        verdict = agreement
        guard verdict != nil else {
            believedSince = nil
            nextQuestion = nil
            // One that nobody can agree with asks less and less often, too: several such images would take all the room
            // of a registry that is given little at once.
            questions = isNewcomer ? 0 : questions + 1
            return
        }
        isProven = false
        failures = 0
        nextAttempt = nil
        while agreeing.count > 2, let oldest = agreeing.first { witnesses.removeAll { $0 == oldest } }
        while witnesses.count > Self.mostWitnesses, let other = witnesses.firstIndex(where: { $0.reason != verdict }) {
            witnesses.remove(at: other)
        }
        if former != verdict || believedSince == nil {
            believedSince = now
            questions = 0
        } else {
            questions += 1
        }
        if isNewcomer { nextNewcomer = now + policy.longestDelay(afterFailures: 1, reason: reason) }
        nextQuestion = verdict == .notFound && !isRefused ? now + pause(policy, at: now) : nil
    }

    /// When the nodes that found a reference absent ask again, in turns; nil: as their own back-off says.
    func nextQuestions(_ policy: RetryPolicy, at now: Timestamp) -> [(node: String, at: Timestamp)]? {
        guard !isProven, !isRefused, let last = witnesses.last, last.reason == .notFound else { return nil }
        let pause = pause(policy, at: now)
        guard let nextQuestion else { return [(last.node, now + pause)] }
        return agreeing.enumerated().map { ($1.node, nextQuestion + pause * Double($0)) }
    }

    private func pause(_ policy: RetryPolicy, at now: Timestamp) -> Double {
        let isLate = believedSince.map { $0 + Self.patience <= now } ?? false
        let pause = isLate ? Self.latePause : Self.questionPauses[min(questions, Self.questionPauses.count - 1)]
        return min(pause, policy.longestDelay(afterFailures: 1, reason: .notFound))
    }

    /// Some node says that it lacks credentials. Docker Hub says so of what isn't there, and registries are asked seldom
    /// then: each question can be a failed login, and too many lock an account.
    var isRefused: Bool { (verdict == nil ? witnesses : agreeing).contains(where: \.isRefused) }

    /// Those whose word the verdict is.
    var agreeing: [Witness] { witnesses.filter { $0.reason == verdict } }

    /// The reason that two nodes give.
    private var agreement: FailureReason? {
        witnesses.last { one in witnesses.contains { $0.node != one.node && $0.reason == one.reason } }?.reason
    }

    /// Something has changed: it is tried at once.
    ///
    /// - Parameter node: where; nil: where it was tried before.
    mutating func release(node: String? = nil) {
        nextAttempt = nil
        nextQuestion = nil
        failures = 0
        questions = 0
        believedSince = nil
        if let node, !witnesses.isEmpty { appointed = node }
    }
}
