import Shared
import TestServer

@testable import ClusterSimulator

/// The API on a real socket, and a client for it.
struct LiveServer {
    let store: ObjectStore
    let handler: APIHandler
    let url: String
    let client = HTTPClient()

    /// Serves while `body` runs.
    static func with<Value: Sendable>(
        historyLimit: Int = 5_000, bookmarkInterval: Duration = .seconds(60),
        _ body: @Sendable (LiveServer) async throws -> Value
    ) async throws -> Value {
        let store = ObjectStore(historyLimit: historyLimit)
        let handler = APIHandler(store: store, bookmarkInterval: bookmarkInterval)
        return try await whileServing({ APIServer(handler: handler).application(onRunning: $0) }) { port in
            try await body(LiveServer(store: store, handler: handler, url: "http://127.0.0.1:\(port)"))
        }
    }

    func send(
        _ method: String, _ path: String, _ body: JSONValue? = nil, type: String = "application/json"
    ) async throws -> (status: Int, json: JSONValue, headers: HTTPHeaders) {
        var request = HTTPRequest(method, url + path, body: body?.encoded())
        if body != nil { request.headers["Content-Type"] = type }
        let response = try await client.send(request)
        let text = String(decoding: response.body, as: UTF8.self)
        return (response.status, (try? Fact.parse(text)) ?? .null, response.headers)
    }

    func watch(_ path: String) async throws -> HTTPStream {
        try await client.stream(HTTPRequest("GET", url + path))
    }
}
