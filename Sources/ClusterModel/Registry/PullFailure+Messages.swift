import Shared

extension PullFailure {
    /// A reference that doesn't parse: refused before any request.
    static func invalidReference(_ text: String, upperCase: Bool) -> PullFailure {
        let detail = upperCase ? ": repository name must be lowercase" : ""
        return PullFailure(
            cause: .invalidReference, code: unknownCode,
            message: "failed to parse image reference \"\(text)\": invalid reference format\(detail)")
    }

    static func notFound(_ reference: ImageReference) -> PullFailure {
        PullFailure(
            cause: .notFound, code: notFoundCode,
            message: unresolved(reference, "\(reference.normalised): not found"))
    }

    static func noMatchingPlatform(_ reference: ImageReference, digest: String) -> PullFailure {
        PullFailure(
            cause: .noMatchingPlatform, code: notFoundCode,
            message: "failed to pull and unpack image \"\(reference.normalised)\": "
                + "no match for platform in manifest \(digest): not found")
    }

    static func unauthorized(_ reference: ImageReference) -> PullFailure {
        status(reference, "401 Unauthorized", cause: .unauthorized)
    }

    static func rateLimited(_ reference: ImageReference, retryAfter: Seconds?) -> PullFailure {
        status(reference, "429 Too Many Requests", cause: .rateLimited, retryAfter: retryAfter)
    }

    /// An answer of the registry's own trouble: 500, 502, 503.
    static func serverError(_ reference: ImageReference, status code: Int) -> PullFailure {
        let names = [500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"]
        let name = names[code].map { " \($0)" } ?? ""
        return status(reference, "\(code)\(name)", cause: .registryUnavailable)
    }

    private static func status(
        _ reference: ImageReference, _ status: String, cause: Cause, retryAfter: Seconds? = nil
    ) -> PullFailure {
        let text =
            "pulling from host \(reference.registry) failed with status code "
            + "[manifests \(reference.tag ?? reference.digest ?? "")]: \(status)"
        return PullFailure(
            cause: cause, code: unknownCode, message: unresolved(reference, text), retryAfter: retryAfter)
    }

    static func connectionRefused(_ reference: ImageReference, address: String) -> PullFailure {
        noRequest(reference, "dial tcp \(address): connect: connection refused", cause: .registryUnavailable)
    }

    static func connectionTimedOut(_ reference: ImageReference, address: String) -> PullFailure {
        noRequest(reference, "dial tcp \(address): i/o timeout", cause: .network)
    }

    /// The node's runtime doesn't trust who signed the registry's certificate.
    static func untrusted(_ reference: ImageReference) -> PullFailure {
        noRequest(reference, "x509: certificate signed by unknown authority", cause: .tls)
    }

    static func unknownHost(_ reference: ImageReference) -> PullFailure {
        let host = reference.registry.split(separator: ":").first.map(String.init) ?? reference.registry
        return noRequest(
            reference, "dial tcp: lookup \(host) on 10.96.0.10:53: no such host", cause: .network)
    }

    private static func noRequest(_ reference: ImageReference, _ why: String, cause: Cause) -> PullFailure {
        let path = "\(reference.repository)/manifests/\(reference.tag ?? reference.digest ?? "")"
        let request = "Head \"\(RegistryModel.scheme(of: reference.registry))://\(reference.registry)/v2/\(path)\""
        return PullFailure(
            cause: cause, code: unknownCode, message: unresolved(reference, "failed to do request: \(request): \(why)"))
    }

    /// The connection broke in the middle of a layer.
    static func connectionReset(_ reference: ImageReference, address: String) -> PullFailure {
        PullFailure(
            cause: .network, code: unknownCode,
            message: "failed to pull and unpack image \"\(reference.normalised)\": failed to copy: "
                + "read tcp 10.88.0.11:43210->\(address): read: connection reset by peer")
    }

    static func diskFull(_ reference: ImageReference, digest: String) -> PullFailure {
        let ingest = StableHash.hex64(digest)
        return PullFailure(
            cause: .diskFull, code: unknownCode,
            message: "failed to pull and unpack image \"\(reference.normalised)\": failed to copy: failed to send "
                + "write: write /var/lib/containerd/io.containerd.content.v1.content/ingest/\(ingest)/data: "
                + "no space left on device: unknown")
    }

    static func cancelled(_ reference: String) -> PullFailure {
        PullFailure(
            cause: .cancelled, code: cancelledCode,
            message: "failed to pull and unpack image \"\(reference)\": context canceled")
    }

    private static func unresolved(_ reference: ImageReference, _ why: String) -> String {
        let name = reference.normalised
        return "failed to pull and unpack image \"\(name)\": failed to resolve reference \"\(name)\": \(why)"
    }
}
