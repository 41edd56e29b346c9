import Certificates
import HTTPListener
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// A connection within limits, by TLS where an identity is given.
///
/// Every connection takes the identity as it is when it begins, so that certificates change without a restart and
/// without touching those that are open.
struct ConnectionGuard: Sendable {
    let identity: ServingIdentity?
    let limiter: ConnectionLimiter

    /// The limits of heads, for the parser.
    var decoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration {
        let limits = limiter.limits
        return .init(
            maxHeaderFieldSize: limits.fieldBytes, maxHeaderListSize: limits.headBytes,
            maxHeaderFieldCount: limits.fields)
    }

    /// What comes before HTTP.
    func begin(_ channel: any Channel) throws {
        try Self.keepSmall(channel)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(ConnectionAdmission(limiter))
        if let identity {
            try pipeline.addHandler(WriteBufferRelief())
            try pipeline.addHandler(NIOSSLServerHandler(context: identity.current))
            try pipeline.addHandler(ReadBufferRelief())
        }
    }

    /// What comes behind the parser, which is there already.
    func guardRequests(_ channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
        let admission = try pipeline.handler(type: ConnectionAdmission.self)
        try pipeline.addHandler(RequestGuard(limiter, admission: admission), position: .after(parser))
    }

    /// Every agent keeps a connection that waits most of the time. By themselves its buffers grow with the largest
    /// report that came on it, and stay so: 120 KB for each of thousands.
    private static func keepSmall(_ channel: any Channel) throws {
        guard let options = channel.syncOptions else { return }
        try options.setOption(.allocator, value: BufferBlocks.allocator)
        try options.setOption(
            .recvAllocator,
            value: AdaptiveRecvByteBufferAllocator(
                minimum: heartbeatBytes, initial: heartbeatBytes, maximum: 2 * heartbeatBytes))
        try options.setOption(.maxMessagesPerRead, value: 1)
    }

    /// Read at once: a heartbeat with its token, and hardly more.
    private static let heartbeatBytes = 2048
}

/// A connection as our listeners serve it: HTTP/1.1 within limits.
struct GuardedChannel: ServerChildChannel {
    /// A connection that is to be served, or is closed when nobody does: a server that ends gives up those that it has just
    /// accepted, and streams of a connection that nobody has read end the program then.
    final class Value: ServerChildChannelValue {
        let channel: any Channel
        private let streams: Mutex<HTTP1Channel.Value?>

        init(_ streams: HTTP1Channel.Value) {
            channel = streams.channel
            self.streams = Mutex(streams)
        }

        /// Nil the second time.
        func take() -> HTTP1Channel.Value? { streams.withLock { $0.take() } }

        deinit {
            guard let streams = take() else { return }
            channel.close(promise: nil)
            Task { try? await streams.executeThenClose { _, _ in } }
        }
    }

    let http: HTTP1Channel
    let connections: ConnectionGuard

    init(responder: @escaping HTTPChannelHandler.Responder, connections: ConnectionGuard) {
        http = HTTP1Channel(
            responder: responder, configuration: .init(httpDecoderConfiguration: connections.decoderConfiguration))
        self.connections = connections
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture { try connections.begin(channel) }.flatMap {
            http.setup(channel: channel, logger: logger)
        }.map(Value.init).flatMapThrowing { value in
            try connections.guardRequests(channel)
            return value
        }
    }

    func handle(value: Value, logger: Logger) async {
        if let streams = value.take() { await http.handle(value: streams, logger: logger) }
    }
}

extension HTTPServerBuilder {
    /// - Parameter identity: for TLS; nil: plain HTTP.
    static func guarded(identity: ServingIdentity?, limiter: ConnectionLimiter) -> HTTPServerBuilder {
        HTTPServerBuilder {
            GuardedChannel(responder: $0, connections: ConnectionGuard(identity: identity, limiter: limiter))
        }
    }
}
