/// Why an image could not be pulled, in one word that people, metrics and alerts share.
public enum FailureReason: String, Sendable, Hashable, Codable, CaseIterable {
    case notFound
    case unauthorized
    case invalidReference
    case noMatchingPlatform
    case rateLimited
    case registryUnavailable
    case network
    case tls
    case diskFull
    case timeout
    case cancelled
    case runtimeUnavailable
    case unknown

    /// Whether somebody has to change something before another attempt can succeed. Such a failure is a finding,
    /// and is tried again slowly all the same: the registry may learn better.
    public var isPermanent: Bool {
        switch self {
        case .notFound, .unauthorized, .invalidReference, .noMatchingPlatform, .diskFull, .tls: true
        case .rateLimited, .registryUnavailable, .network, .timeout, .cancelled, .runtimeUnavailable, .unknown: false
        }
    }
}
