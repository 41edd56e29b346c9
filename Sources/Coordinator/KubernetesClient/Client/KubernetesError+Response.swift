import FoundationEssentials
import Shared

extension KubernetesError {
    /// Reads the answer to a request that failed. Not everything that answers is an API server: a proxy may send HTML.
    init(operation: String, response: HTTPResponse) {
        let status = try? JSONDecoder().decode(APIStatus.self, from: Data(response.body))
        let isStatus = status?.status == "Failure" || status?.reason != nil
        let seconds = response.headers["retry-after"].flatMap(Int.init) ?? status?.details?.retryAfterSeconds
        self.init(
            operation: operation, status: response.status,
            reason: status?.reason ?? Self.reason(forStatus: response.status),
            message: isStatus ? status?.message ?? "no message" : Self.excerpt(of: response.body),
            details: status?.details, retryAfter: seconds.map { .seconds(max(0, $0)) },
            continueToken: status?.metadata?.continue)
    }

    /// Reads the Status that an ERROR event of a watch carries; its HTTP status is in `code`.
    init(operation: String, status: APIStatus) {
        self.init(
            operation: operation, status: status.code ?? 500,
            reason: status.reason ?? Self.reason(forStatus: status.code ?? 500),
            message: status.message ?? "no message", details: status.details,
            retryAfter: status.details?.retryAfterSeconds.map { .seconds(max(0, $0)) })
    }

    init(operation: String, transport: HTTPError) {
        let reason =
            switch transport.code {
            case .tls: Self.tlsReason
            case .bodyTooLarge: Self.tooLargeReason
            default: "NoAnswer"
            }
        self.init(operation: operation, reason: reason, message: transport.message, underlying: transport)
    }

    /// An answer that can't be read. Says where, never what: the content may be secret.
    init(operation: String, unreadable error: any Error) {
        self.init(
            operation: operation, reason: Self.unreadableReason,
            message: "the answer can't be read: " + describeDecoding(error))
    }

    private static func reason(forStatus status: Int) -> String {
        switch status {
        case 400: "BadRequest"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "NotFound"
        case 409: "Conflict"
        case 410: "Expired"
        case 422: "Invalid"
        case 429: "TooManyRequests"
        case 500: "InternalError"
        case 503: "ServiceUnavailable"
        case 504: "Timeout"
        default: "HTTP\(status)"
        }
    }

    private static func excerpt(of body: [UInt8]) -> String {
        let text = String(decoding: body.prefix(200), as: UTF8.self)
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return words.isEmpty ? "an empty answer" : "not an answer of the Kubernetes API: \(words)"
    }
}

/// Says which part of a document could not be decoded, without quoting its content.
func describeDecoding(_ error: any Error) -> String {
    func path(_ context: DecodingError.Context) -> String {
        let names = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
        return names.isEmpty ? "the document" : names.joined(separator: ".")
    }
    if error is JSONFieldReader.Fault || error is ReadableFault { return "\(error)" }
    return switch error as? DecodingError {
    case .keyNotFound(let key, let context): "\(path(context)) has no \(key.stringValue)"
    case .typeMismatch(let type, let context): "\(path(context)) is no \(type)"
    case .valueNotFound(let type, let context): "\(path(context)) is null instead of \(type)"
    case .dataCorrupted(let context): "\(path(context)) is malformed"
    default: "malformed"
    }
}
