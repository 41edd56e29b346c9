import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// The API on an HTTP server.
struct APIServer: Sendable {
    let handler: APIHandler

    init(handler: APIHandler) { self.handler = handler }

    init(store: ObjectStore) { self.init(handler: APIHandler(store: store)) }

    /// Adds the API's paths to a router, beside whatever else it serves.
    func addRoutes<Context: RequestContext>(to router: Router<Context>) {
        let handler = handler
        let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]
        for path in [
            "api", "api/**", "apis", "apis/**", "version", "healthz", "livez", "readyz", "healthz/**", "livez/**",
            "readyz/**",
        ] {
            for method in methods {
                router.on(RouterPath(path), method: method) { request, _ in
                    try await APIServer.respond(to: request, with: handler)
                }
            }
        }
    }

    /// A server of the API alone, on 127.0.0.1.
    /// - Parameters:
    ///   - port: 0 takes any free one.
    ///   - onRunning: told the listening channel once requests are taken.
    func application(
        port: Int = 0, onRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }
    ) -> Application<RouterResponder<BasicRequestContext>> {
        let router = Router()
        addRoutes(to: router)
        var logger = Logger(label: "simulator.api")
        logger.logLevel = .critical  // an open watch at the end is no error
        return Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: onRunning, logger: logger)
    }

    private static func respond(to request: Request, with handler: APIHandler) async throws -> Response {
        var headers: [String: String] = [:]
        for field in request.headers { headers[field.name.canonicalName] = field.value }
        var body: [UInt8] = []
        // A watch keeps the request's body, by which it notices that its client has gone.
        if request.method != .get && request.method != .head {
            // One byte more than is allowed, so that the handler can refuse it in the API's words.
            let limit = APIHandler.maximumBodyBytes + 1
            for try await var part in request.body {
                let room = limit - body.count
                if room > 0 { body += part.readBytes(length: min(room, part.readableBytes)) ?? [] }
            }
        }
        let received = APIRequest(request.method.rawValue, request.head.path ?? "/", headers: headers, body: body)
        switch await handler.respond(to: received) {
        case .document(let document): return response(document)
        case .watch(let session): return response(session, to: request)
        }
    }

    private static func response(_ document: APIDocument) -> Response {
        var fields = commonHeaders(document.contentType)
        for (name, value) in document.headers {
            guard let name = HTTPField.Name(name) else { continue }
            fields[name] = value
        }
        return Response(
            status: .init(code: document.status), headers: fields,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: document.body)))
    }

    private static func response(_ session: WatchSession, to request: Request) -> Response {
        Response(
            status: .ok, headers: commonHeaders("application/json"),
            body: ResponseBody { writer in
                try await request.body.consumeWithInboundCloseHandler { _ in
                    try await session.run { try await writer.write(ByteBuffer(bytes: $0)) }
                } onInboundClosed: {
                    Task { await session.end() }
                }
                try await writer.finish(nil)
            })
    }

    private static func commonHeaders(_ contentType: String) -> HTTPFields {
        var fields: HTTPFields = [.contentType: contentType, .cacheControl: "no-cache, private"]
        if let name = HTTPField.Name("Audit-Id") { fields[name] = UUID().uuidString.lowercased() }
        return fields
    }
}
