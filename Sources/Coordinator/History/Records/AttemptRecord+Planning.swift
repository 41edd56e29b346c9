import Cluster
import Planning

extension AttemptRecord {
    package init(_ attempt: Fleet.FinishedAttempt) {
        let outcome: RecordedOutcome =
            switch attempt.reason {
            case nil: .succeeded
            case .cancelled: .cancelled
            case .timeout: .timedOut
            default: .failed
            }
        self.init(
            node: attempt.node, bootID: attempt.bootID, attemptID: Int64(clamping: attempt.id),
            image: attempt.reference, startedAt: attempt.started.milliseconds, endedAt: attempt.ended.milliseconds,
            outcome: outcome, reason: attempt.reason.map(RecordedReason.init) ?? .none, message: attempt.message,
            bytes: Int64(clamping: attempt.bytes))
    }
}
