import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import TestServer

/// What a route knows besides the request: the connection that it came on.
struct PeerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The client's port; each connection has its own.
    let peerPort: Int?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        peerPort = source.channel.remoteAddress?.port
    }
}

/// Runs a Hummingbird server while the body runs.
///
/// - Parameter body: gets the server's port; 0 on a Unix socket.
func withServer<Result: Sendable>(
    _ router: Router<PeerContext>, server: HTTPServerBuilder = .http1(), socket: String? = nil,
    _ body: @escaping @Sendable (Int) async throws -> Result
) async throws -> Result {
    var logger = Logger(label: "test-server")
    logger.logLevel = .critical
    let address: BindAddress = socket.map { .unixDomainSocket(path: $0) } ?? .hostname("127.0.0.1", port: 0)
    return try await whileServing(
        { [logger] listening in
            Application(
                router: router, server: server, configuration: .init(address: address, backlog: 1024),
                onServerRunning: listening, logger: logger)
        }, body)
}

/// Bytes that don't repeat, to be recognised wherever they are cut.
func pattern(_ count: Int, from start: Int = 0) -> [UInt8] {
    (start..<start + count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8 &* 7) }
}
