/// The kubelet's words, as captured from Kubernetes 1.36.
enum KubeletMessages {
    /// The prefix of gRPC stays, except for "unknown".
    static func pullError(_ failure: PullFailure) -> String {
        switch failure.code {
        case PullFailure.unknownCode: failure.message
        case PullFailure.notFoundCode: "rpc error: code = NotFound desc = \(failure.message)"
        case PullFailure.cancelledCode: "rpc error: code = Canceled desc = \(failure.message)"
        case PullFailure.failedPreconditionCode: "rpc error: code = FailedPrecondition desc = \(failure.message)"
        default: "rpc error: code = Code(\(failure.code)) desc = \(failure.message)"
        }
    }

    static func backOff(_ image: String, error: String) -> String {
        "Back-off pulling image \"\(image)\": ErrImagePull: \(error)"
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
