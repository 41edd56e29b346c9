import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import TestServer

/// A request as the scripted server saw it.
struct Asked: Sendable {
    var method: String
    var path: String
    var query: [String: String]
    var headers: [String: String]
    var body: String
}

/// What the scripted server answers, byte by byte.
struct Answer: Sendable {
    enum Part: Sendable {
        case text(String)
        case wait(Duration)
        /// Nothing more comes, and the connection stays.
        case silence
        /// The connection ends in the middle.
        case drop
    }

    var status = 200
    var headers: [String: String] = ["Content-Type": "application/json"]
    var parts: [Part]

    static func json(_ text: String, status: Int = 200, headers: [String: String] = [:]) -> Answer {
        Answer(
            status: status, headers: headers.merging(["Content-Type": "application/json"]) { own, _ in own },
            parts: [.text(text)])
    }

    static func stream(_ parts: Part...) -> Answer { Answer(parts: parts) }
}

/// A server on loopback that answers what a test says, and writes down what it was asked.
final class ScriptedServer: Sendable {
    private struct Dropped: Error {}

    private let asked = Mutex<[Asked]>([])
    private let script: @Sendable (Asked, Int) async -> Answer

    /// Everything that was asked so far.
    var requests: [Asked] { asked.withLock { $0 } }

    private init(_ script: @escaping @Sendable (Asked, Int) async -> Answer) { self.script = script }

    /// Runs a server while `body` does.
    ///
    /// - Parameter script: gets the request and its number, from 0.
    static func run(
        _ script: @escaping @Sendable (Asked, Int) async -> Answer,
        _ body: @escaping @Sendable (_ url: String, _ server: ScriptedServer) async throws -> Void
    ) async throws {
        let server = ScriptedServer(script)
        var logger = Logger(label: "scripted-server")
        logger.logLevel = .critical
        try await whileServing(
            { [logger] listening in
                Application(
                    responder: CallbackResponder { (request: Request, _: BasicRequestContext) in
                        try await server.respond(request)
                    },
                    configuration: .init(address: .hostname("127.0.0.1", port: 0)), onServerRunning: listening,
                    logger: logger)
            }
        ) { port in
            try await body("http://127.0.0.1:\(port)", server)
        }
    }

    private func respond(_ request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: 4 << 20)
        var query: [String: String] = [:]
        for (name, value) in request.uri.queryParameters { query[String(name)] = String(value) }
        var headers: [String: String] = [:]
        for field in request.headers { headers[field.name.canonicalName] = field.value }
        let asked = Asked(
            method: request.method.rawValue, path: request.uri.path, query: query, headers: headers,
            body: String(buffer: body))
        let number = self.asked.withLock {
            $0.append(asked)
            return $0.count - 1
        }
        let answer = await script(asked, number)
        var fields = HTTPFields()
        for (name, value) in answer.headers { HTTPField.Name(name).map { fields[$0] = value } }
        let parts = answer.parts
        return Response(
            status: HTTPTypes.HTTPResponse.Status(code: answer.status), headers: fields,
            body: ResponseBody { writer in
                for part in parts {
                    switch part {
                    case .text(let text): try await writer.write(ByteBuffer(string: text))
                    case .wait(let duration): try await Task.sleep(for: duration)
                    case .silence: try await Task.sleep(for: .seconds(3600))
                    case .drop: throw Dropped()
                    }
                }
                try await writer.finish(nil)
            })
    }
}
