import Shared

/// Turns what runtimes and kubelets say of a failed pull into a reason.
public enum FailureClassifier {
    /// The reason of a finished attempt; nil when it succeeded.
    public static func reason(of attempt: WireAttempt) -> FailureReason? {
        switch attempt.outcome {
        case .succeeded: nil
        case .cancelled: .cancelled
        case .timedOut: .timeout
        case .failed, .unspecified, .UNRECOGNIZED: reason(message: attempt.message, grpcCode: Int(attempt.grpcCode))
        }
    }

    /// The reason that a message tells.
    ///
    /// - Parameters:
    ///   - message: as the runtime or the kubelet wrote it.
    ///   - grpcCode: of the CRI call, 0 when there was none.
    public static func reason(message: String, grpcCode: Int = 0) -> FailureReason {
        let text = message.lowercased()
        return reason(inTable: withoutQuotations(text)) ?? reason(inTable: text) ?? reason(grpcCode: grpcCode)
    }

    private static func reason(inTable text: String) -> FailureReason? {
        FailureMessages.rules.first { $0.fragments.allSatisfy { text.contains($0) } }?.reason
    }

    /// The message without what it quotes: references and URLs, which could hold any word.
    private static func withoutQuotations(_ text: String) -> String {
        var result = ""
        var isQuoted = false
        for character in text {
            if character == "\"" { isQuoted.toggle() }
            if !isQuoted { result.append(character) }
        }
        return result
    }

    /// What a status code alone can tell: https://grpc.io/docs/guides/status-codes/.
    private static func reason(grpcCode: Int) -> FailureReason {
        switch grpcCode {
        case 1: .cancelled
        case 3: .invalidReference
        case 4: .timeout
        case 5: .notFound
        case 7, 16: .unauthorized
        case 8: .rateLimited
        case 14: .runtimeUnavailable
        default: .unknown
        }
    }
}

extension FailureClassifier {
    /// Seconds that a registry asks to be left alone (`Retry-After`), where the message carries them.
    static func retryAfter(_ message: String) -> Double? {
        let text = message.lowercased()
        for marker in ["retry-after: ", "retry-after:", "retry after ", "retry in "] {
            guard let start = text.firstIndex(of: marker) else { continue }
            let number = text[start...].prefix { $0.isNumber || $0 == "." }
            guard let value = Double(number), value.isFinite, value >= 0 else { continue }
            let unit = text[start...].dropFirst(number.count).drop { $0 == " " }
            if unit.hasPrefix("ms") { return value / 1000 }
            return unit.hasPrefix("m") ? value * 60 : value
        }
        return nil
    }
}

extension String {
    /// Where the text behind a marker begins.
    fileprivate func firstIndex(of marker: String) -> String.Index? {
        firstRange(of: marker)?.upperBound
    }
}
