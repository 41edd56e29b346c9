import FoundationEssentials
import Shared

/// What a request is answered with.
enum APIAnswer: Sendable {
    case document(APIDocument)
    case watch(WatchSession)

    static func json(_ value: JSONValue, status: Int = 200, warnings: [String] = []) -> APIAnswer {
        var document = APIDocument(status: status, body: value.encoded())
        if !warnings.isEmpty { document.headers["Warning"] = warnings.joined(separator: ", ") }
        return .document(document)
    }

    static func error(_ error: APIError) -> APIAnswer {
        var document = APIDocument(status: error.code, body: error.status.encoded())
        if let seconds = error.retryAfter { document.headers["Retry-After"] = String(seconds) }
        return .document(document)
    }
}

/// An answer that is sent whole.
struct APIDocument: Sendable {
    var status: Int
    var headers: [String: String] = [:]
    var contentType = "application/json"
    var body: [UInt8]

    /// The body as JSON; `null` when it isn't.
    var json: JSONValue { (try? JSONDecoder().decode(JSONValue.self, from: Data(body))) ?? .null }
}
