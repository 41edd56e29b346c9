import Failures
import Shared

/// Tries that follow a failure at once, before any back-off: what a broken pull has fetched is lost soon (containerd
/// 1.6 and 2.3 collect it within half a second, measured), and some damage is mended by fetching once more.
public struct ImmediateRetries: Sendable, Equatable {
    /// Whether the newest failure is followed by such a try.
    public private(set) var isDue = false
    /// Such tries in a row, less one for each second that they pulled.
    private var resumptions = 0.0
    /// What was tried for these already; once is enough.
    private var remedied: Set<FailureReason> = []

    private static let mostResumptions = 3.0
    /// Seconds after which containerd has forgotten what came, so that the next try starts from scratch.
    private static let forgetting = 1.0

    public init() {}

    /// Takes a failure.
    ///
    /// - Parameters:
    ///   - isInterruption: the pull broke off while content came.
    ///   - seconds: how long it had pulled. A line that breaks every few minutes brings a large image in many tries, each of
    ///     which gets further: it mustn't lose what has come to a back-off after the third.
    /// - Returns: seconds until the next try; nil: back-off as usual.
    public mutating func next(after reason: FailureReason, isInterruption: Bool, seconds: Double = 0) -> Double? {
        isDue = false
        guard !isInterruption else {
            resumptions = max(0, resumptions - seconds) + 1
            isDue = resumptions <= Self.mostResumptions
            // Used up, back-off comes first; then they begin anew.
            if !isDue { resumptions = 0 }
            return isDue ? 0 : nil
        }
        resumptions = 0
        guard reason == .corruptContent || reason == .nodeStorage, remedied.insert(reason).inserted else { return nil }
        isDue = true
        return Self.forgetting
    }
}

extension WireAttempt {
    /// How long it pulled, as its agent says.
    public var seconds: Double { startedAgeMs > endedAgeMs ? Double(startedAgeMs - endedAgeMs) / 1000 : 0 }

    /// The registry was serving content when the pull broke off: a try at once can go on from there.
    public var isInterruption: Bool {
        outcome == .failed && FailureExplanation(message: message, grpcCode: Int(grpcCode)).breaksOff
    }
}
