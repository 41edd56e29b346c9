/// Why an image could not be pulled, in one word that people, metrics and alerts share.
public enum FailureReason: String, Sendable, Hashable, Codable, CaseIterable {
    case notFound
    case unauthorized
    case invalidReference
    case noMatchingPlatform
    /// A media type, a manifest or an artifact that the runtime can't make a container of.
    case unsupportedImage
    /// A policy forbids the image: the runtime's of signatures, an admission webhook's, or the registry's own.
    case policyRejected
    case rateLimited
    case registryUnavailable
    case network
    case tls
    /// What came isn't what the manifest promises: another digest or size, or an archive that can't be read.
    case corruptContent
    case diskFull
    /// The node's own content store, snapshotter or file system is damaged, or can't unpack.
    case nodeStorage
    case timeout
    /// We ordered it.
    case cancelled
    case runtimeUnavailable
    case unknown

    /// Whether somebody has to change something before another attempt can succeed. Such a failure is a finding,
    /// and is tried again slowly all the same: the registry may learn better.
    public var isPermanent: Bool {
        switch self {
        case .notFound, .unauthorized, .invalidReference, .noMatchingPlatform, .unsupportedImage, .policyRejected,
            .diskFull, .tls:
            true
        case .rateLimited, .registryUnavailable, .network, .corruptContent, .nodeStorage, .timeout, .cancelled,
            .runtimeUnavailable, .unknown:
            false
        }
    }
}
