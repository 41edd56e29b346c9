/// HTTP status codes of registries, token servers, mirrors and proxies (RFC 9110, RFC 6585).
enum StatusTable {
    /// The words that go with codes; a number alone is no status.
    static let phrases: [Int: String] = [
        400: "bad request", 401: "unauthorized", 402: "payment required", 403: "forbidden", 404: "not found",
        405: "method not allowed", 406: "not acceptable", 407: "proxy authentication required", 408: "request timeout",
        410: "gone", 412: "precondition failed", 413: "request entity too large", 415: "unsupported media type",
        416: "requested range not satisfiable", 429: "too many requests", 451: "unavailable for legal reasons",
        500: "internal server error", 501: "not implemented", 502: "bad gateway", 503: "service unavailable",
        504: "gateway timeout", 511: "network authentication required",
    ]

    static func reason(_ code: Int, at stage: FailureStage?) -> FailureReason {
        switch code {
        case 401, 403: .unauthorized
        case 404, 410, 451: stage == .authorise || stage?.isFetch == true ? .registryUnavailable : .notFound
        // A registry that is asked to GET doesn't answer these: a proxy does.
        case 405, 407, 408, 511: .network
        case 406, 415: .unsupportedImage
        // Harbor: a policy of the project forbids the image. Runtimes send no conditions.
        case 412: .policyRejected
        case 429: .rateLimited
        default: .registryUnavailable
        }
    }

    /// Of a status that stands alone as the error of a request. Go's HTTP client hands on a proxy's refusal to connect so,
    /// by its words without the number.
    static func reasonOfWords(_ text: String) -> FailureReason? {
        guard let code = phrases.first(where: { $0.value == text })?.key else { return nil }
        switch code {
        case 401, 403: return .unauthorized
        case 429: return .rateLimited
        // These are classes of errors, too.
        case 404, 501, 415: return nil
        default: return .network
        }
    }
}
