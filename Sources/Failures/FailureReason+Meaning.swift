extension FailureReason {
    /// What it means, in half a sentence.
    public var meaning: String {
        switch self {
        case .notFound: "the registry doesn't have it"
        case .unauthorized: "the registry refuses the credentials"
        case .invalidReference: "the reference is malformed, or a short name that the runtime refuses"
        case .noMatchingPlatform: "it isn't made for the nodes' platform"
        case .unsupportedImage: "the container runtime can't make a container of such an image"
        case .policyRejected: "a policy of the container runtime, or of the registry, forbids it"
        case .rateLimited: "the registry limits the rate of requests"
        case .registryUnavailable: "the registry can't be reached, or fails"
        case .network: "the network fails"
        case .tls: "the registry's certificate isn't trusted"
        case .corruptContent: "what arrives is damaged"
        case .diskFull: "the nodes' disks are full"
        case .nodeStorage: "the node's image store is damaged, or can't unpack it"
        case .timeout: "pulls take too long"
        case .cancelled: "pulls are cancelled"
        case .runtimeUnavailable: "the container runtime doesn't answer, or is misconfigured"
        case .unknown: "pulls fail for a reason that isn't recognised"
        }
    }
}
