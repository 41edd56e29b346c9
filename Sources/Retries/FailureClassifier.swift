import Failures
import Shared

/// Turns what is known of a failed pull into a reason.
public enum FailureClassifier {
    /// The reason of a finished attempt; nil when it succeeded. Only what we ordered is a cancellation.
    public static func reason(of attempt: WireAttempt) -> FailureReason? {
        switch attempt.outcome {
        case .succeeded: nil
        case .cancelled: .cancelled
        case .timedOut: .timeout
        case .failed, .unspecified, .UNRECOGNIZED: reason(message: attempt.message, grpcCode: Int(attempt.grpcCode))
        }
    }

    /// The reason that a message gives.
    ///
    /// - Parameters:
    ///   - message: as the runtime or the kubelet wrote it.
    ///   - grpcCode: of the CRI call, 0 when there was none.
    public static func reason(message: String, grpcCode: Int = 0) -> FailureReason {
        FailureExplanation(message: message, grpcCode: grpcCode).reason
    }

    /// Seconds that a registry asks to be left alone (`Retry-After`), where the message carries them.
    public static func retryAfter(_ message: String) -> Double? { RetryAfter.seconds(in: message) }
}
