import Planning

extension RecordedReason {
    init(_ reason: FailureReason) {
        self =
            switch reason {
            case .notFound: .notFound
            case .unauthorized: .unauthorized
            case .invalidReference: .invalidReference
            case .noMatchingPlatform: .noMatchingPlatform
            case .rateLimited: .rateLimited
            case .registryUnavailable: .registryUnavailable
            case .network: .network
            case .tls: .tls
            case .diskFull: .diskFull
            case .timeout: .timeout
            case .cancelled: .cancelled
            case .runtimeUnavailable: .runtimeUnavailable
            case .unknown: .unknown
            case .corruptContent: .corruptContent
            case .nodeStorage: .nodeStorage
            case .unsupportedImage: .unsupportedImage
            case .policyRejected: .policyRejected
            }
    }
}

extension FailureReason {
    /// Nil when none was recorded.
    package init?(_ reason: RecordedReason) {
        switch reason {
        case .none: return nil
        case .notFound: self = .notFound
        case .unauthorized: self = .unauthorized
        case .invalidReference: self = .invalidReference
        case .noMatchingPlatform: self = .noMatchingPlatform
        case .rateLimited: self = .rateLimited
        case .registryUnavailable: self = .registryUnavailable
        case .network: self = .network
        case .tls: self = .tls
        case .diskFull: self = .diskFull
        case .timeout: self = .timeout
        case .cancelled: self = .cancelled
        case .runtimeUnavailable: self = .runtimeUnavailable
        case .unknown: self = .unknown
        case .corruptContent: self = .corruptContent
        case .nodeStorage: self = .nodeStorage
        case .unsupportedImage: self = .unsupportedImage
        case .policyRejected: self = .policyRejected
        }
    }
}
