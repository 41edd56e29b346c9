/// What a reason alone says of who is to blame, as far as planning needs it: more than one node's word decides the rest.
extension FailureReason {
    /// The registry, or the way to it, is to blame: other nodes would fare no better.
    public var blamesRegistry: Bool {
        switch self {
        case .rateLimited, .registryUnavailable, .network, .tls, .timeout: true
        default: false
        }
    }

    /// The reference is to blame, or who asks for it, when a second node says so too.
    public var blamesReference: Bool {
        switch self {
        case .notFound, .unauthorized, .invalidReference, .noMatchingPlatform, .unsupportedImage, .policyRejected: true
        default: false
        }
    }

    /// It says nothing of the image, whoever else may pull it.
    public var blamesNodeAlone: Bool {
        switch self {
        case .diskFull, .nodeStorage, .runtimeUnavailable, .cancelled: true
        default: false
        }
    }
}
