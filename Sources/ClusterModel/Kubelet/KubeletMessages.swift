/// The kubelet's words, as captured from Kubernetes 1.36.
enum KubeletMessages {
    /// The prefix of gRPC stays, except for "unknown".
    static func error(code: Int, _ message: String) -> String {
        switch code {
        case PullFailure.unknownCode: message
        case PullFailure.notFoundCode: "rpc error: code = NotFound desc = \(message)"
        case PullFailure.cancelledCode: "rpc error: code = Canceled desc = \(message)"
        case PullFailure.failedPreconditionCode: "rpc error: code = FailedPrecondition desc = \(message)"
        default: "rpc error: code = Code(\(code)) desc = \(message)"
        }
    }

    static let pullFailed = "ErrImagePull"
    /// CRI-O's word for a registry that nobody answers at, of which the kubelet makes a reason.
    static let registryUnavailable = "RegistryUnavailable"

    /// The waiting reason and its message.
    static func pullError(_ failure: PullFailure, image: String) -> (reason: String, message: String) {
        guard failure.message.hasPrefix(registryUnavailable) else {
            return (pullFailed, error(code: failure.code, failure.message))
        }
        let rest = failure.message.dropFirst(registryUnavailable.count)
        return (registryUnavailable, "image pull failed for \(image) because the registry is unavailable\(rest)")
    }

    static func backOff(_ image: String, reason: String, error: String) -> String {
        "Back-off pulling image \"\(image)\": \(reason): \(error)"
    }

    /// The runtime refuses to say whether it has the image. The kubelet quotes the code although it is Unknown.
    static func uninspected(_ image: String, _ refusal: RuntimeRefusal) -> String {
        "Failed to inspect image \"\(image)\": rpc error: code = Unknown desc = \(refusal.message)"
    }

    static func neverPulled(_ image: String) -> String {
        "Container image \"\(image)\" is not present with pull policy of Never"
    }

    static func invalidName(_ image: String) -> String {
        let detail =
            image.contains { $0.isUppercase }
            ? "invalid reference format: repository name (library/\(image.prefix { $0 != ":" && $0 != "@" })) "
                + "must be lowercase"
            : "invalid reference format"
        return "Failed to apply default image tag \"\(image)\": couldn't parse image name \"\(image)\": \(detail)"
    }

    static func crashed(_ container: String, pod: String, gap: Seconds) -> String {
        "back-off \(Int(max(gap, 10)))s restarting failed container=\(container) pod=\(pod)"
    }
}
