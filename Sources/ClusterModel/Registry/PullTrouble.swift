/// What went wrong with a pull, before a runtime has put it into words (``PullWords``).
enum PullTrouble: Error, Hashable, Sendable {
    case invalidReference
    /// A short name that the runtime refuses to complete.
    case unresolvedShortName
    case notFound
    case noMatchingPlatform(digest: String)
    /// 401.
    case unauthorized
    /// 403.
    case forbidden
    /// 429.
    case rateLimited(retryAfter: Seconds?)
    /// 500 to 599.
    case serverError(status: Int)
    case connectionRefused
    case connectionTimedOut
    case unknownHost
    case untrusted
    /// In the middle of a layer.
    case connectionReset
    /// A layer isn't what its digest says.
    case corruptContent(digest: String)
    case diskFull(digest: String)
    /// It is no image, and the runtime can't store it as one.
    case unpackableArtifact
    /// The runtime's database knows content that its disk doesn't have.
    case damagedStore(digest: String)

    /// An answer's status, when it is none of success.
    init(status: Int, retryAfter: Seconds? = nil) {
        switch status {
        case 401: self = .unauthorized
        case 403: self = .forbidden
        case 404: self = .notFound
        case 429: self = .rateLimited(retryAfter: retryAfter)
        case 500...599: self = .serverError(status: status)
        default: self = .serverError(status: 500)
        }
    }

    var cause: PullFailure.Cause {
        switch self {
        case .invalidReference, .unresolvedShortName: .invalidReference
        case .notFound: .notFound
        case .noMatchingPlatform: .noMatchingPlatform
        case .unauthorized, .forbidden: .unauthorized
        case .rateLimited: .rateLimited
        case .serverError, .connectionRefused: .registryUnavailable
        case .connectionTimedOut, .unknownHost, .connectionReset: .network
        case .untrusted: .tls
        case .corruptContent: .corruptContent
        case .diskFull: .diskFull
        case .damagedStore: .nodeStorage
        case .unpackableArtifact: .unsupportedImage
        }
    }

    /// As Go's `http.StatusText` writes it behind the number.
    static func status(_ code: Int) -> String {
        let names = [
            401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests",
            500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
            504: "Gateway Timeout",
        ]
        return names[code].map { "\(code) \($0)" } ?? "\(code)"
    }
}
