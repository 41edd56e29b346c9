import HTTPTypes

/// Why a request is refused before any route sees it.
package enum RequestFault: Sendable, Hashable {
    /// What the parser or ``HeadRules`` found.
    case malformed(String)
    case headTooLarge
    /// The limit, in bytes.
    case bodyTooLarge(Int)
    /// The limit, in seconds.
    case tooSlow(Double)
    case tooManyPipelined
    case version

    package var problem: ProblemDocument {
        switch self {
        case .malformed(let what):
            ProblemDocument(
                .badRequest, "malformed-request", title: "This isn't a well-formed HTTP/1.1 request", detail: what)
        case .headTooLarge:
            ProblemDocument(
                .requestHeaderFieldsTooLarge, "head-too-large", title: "The request's line and headers are too large",
                detail:
                    "One has at most \(ServerLimits.open.fieldBytes) bytes, all \(ServerLimits.open.headBytes), and "
                    + "there are at most \(ServerLimits.open.fields).")
        case .bodyTooLarge(let limit):
            ProblemDocument(
                .contentTooLarge, "body-too-large", title: "The request's body is too large",
                detail: "It has at most \(limit) bytes.")
        case .tooSlow(let seconds):
            ProblemDocument(
                .requestTimeout, "too-slow", title: "The request didn't come to its end",
                detail: "All of its body must come within \(Int(seconds)) seconds.")
        case .tooManyPipelined:
            ProblemDocument(
                .tooManyRequests, "too-many-requests", title: "Too many requests at once",
                detail: "Wait for answers before you ask more on the same connection.")
        case .version:
            ProblemDocument(
                .httpVersionNotSupported, "http-version", title: "Only HTTP/1.0 and HTTP/1.1 are spoken here",
                detail: "Send the request as HTTP/1.1.")
        }
    }
}
