import Glibc
import NIOCore
import NIOHTTP2
import NIOPosix

/// A CRI server on a unix socket: gRPC over HTTP/2 with prior knowledge, as container runtimes serve it.
actor RuntimeServer {
    /// Linux' `sun_path`, without its closing zero.
    static let maximumPathLength = 107

    let socketPath: String
    private let isDenied: Bool
    private let service: RuntimeService
    private let group: any EventLoopGroup
    private var listener: (any Channel)?
    private var connections: [ObjectIdentifier: any Channel] = [:]

    /// - Parameter isDenied: the socket's permissions let nobody use it.
    init(
        socketPath: String, isDenied: Bool = false, service: RuntimeService,
        group: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup
    ) {
        self.socketPath = socketPath
        self.isDenied = isDenied
        self.service = service
        self.group = group
    }

    /// Listens. A socket that was left behind is replaced.
    func start() async throws {
        guard listener == nil else { return }
        guard socketPath.utf8.count <= Self.maximumPathLength else { throw SocketPathTooLong(path: socketPath) }
        let service = service
        listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 128)
            .childChannelInitializer { [weak self] channel in
                Task { await self?.accepted(channel) }
                return channel.configureHTTP2Pipeline(
                    mode: .server, connectionConfiguration: .init(), streamConfiguration: .init()
                ) { stream in
                    stream.eventLoop.makeCompletedFuture {
                        try stream.pipeline.syncOperations.addHandler(
                            GRPCStreamHandler { try await service.respond(to: $0, $1) })
                    }
                }.map { _ in }
            }
            .bind(unixDomainSocketPath: socketPath, cleanupExistingSocketFile: true)
            .get()
        if isDenied { chmod(socketPath, 0) }
    }

    /// Stops listening, ends every connection (and so every call), and takes the socket away.
    func stop() async {
        guard let listener else { return }
        self.listener = nil
        try? await listener.close()
        for connection in connections.values { connection.close(promise: nil) }
        connections.removeAll()
        // The file was made by bind; a node that is off has none.
        unlink(socketPath)
    }

    private func accepted(_ channel: any Channel) {
        guard listener != nil else {
            channel.close(promise: nil)
            return
        }
        let id = ObjectIdentifier(channel)
        connections[id] = channel
        channel.closeFuture.whenComplete { [weak self] _ in
            Task { await self?.closed(id) }
        }
    }

    private func closed(_ id: ObjectIdentifier) { connections[id] = nil }
}

/// A folder that lies too deep for unix sockets.
struct SocketPathTooLong: Error, CustomStringConvertible {
    let path: String

    var description: String {
        "a unix socket's path has at most \(RuntimeServer.maximumPathLength) bytes, this has \(path.utf8.count): "
            + "\(path); choose a shorter --directory"
    }
}
