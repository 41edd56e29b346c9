import Certificates
import NIOCore
import NIOEmbedded
import NIOSSL
import Testing

@testable import HTTPListener
@testable import Server

/// What TLS keeps of a connection that waits.
@Suite("Connections that wait") struct IdleConnectionTests {
    /// Records the memory of the buffers that come past.
    private final class Witness: ChannelDuplexHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private(set) var read: Set<UnsafeRawPointer> = []
        private(set) var written: Set<UnsafeRawPointer> = []

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if let memory = Self.memory(unwrapInboundIn(data)) { read.insert(memory) }
            context.fireChannelRead(data)
        }

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            if let memory = Self.memory(unwrapOutboundIn(data)) { written.insert(memory) }
            context.write(data, promise: promise)
        }

        private static func memory(_ buffer: ByteBuffer) -> UnsafeRawPointer? {
            buffer.withVeryUnsafeBytes { $0.baseAddress }
        }
    }

    @Test("They keep no page of the buffers of TLS, whatever came and went", arguments: [100, 4_000, 10_000])
    func keepsNothing(bytes: Int) throws {
        let server = EmbeddedChannel()
        // Of a channel of the system it is an option.
        server.allocator = BufferBlocks.allocator
        try ConnectionGuard(identity: try ServingIdentity(), limiter: ConnectionLimiter(.open)).begin(server)
        #expect(server.options.contains { $0.option is ChannelOptions.Types.AllocatorOption })
        let pipeline = server.pipeline.syncOperations
        let tls = try pipeline.handler(type: NIOSSLServerHandler.self)
        let (outer, inner) = (Witness(), Witness())
        try pipeline.addHandler(outer, position: .before(tls))
        try pipeline.addHandler(inner, position: .after(tls))

        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        let client = EmbeddedChannel(
            handler: try NIOSSLClientHandler(
                context: try NIOSSLContext(configuration: configuration), serverHostname: nil))
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 8443)
        server.connect(to: address, promise: nil)
        client.connect(to: address, promise: nil)
        try Self.exchange(client, server)

        let content = (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
        for _ in 0..<3 {
            try client.writeOutbound(ByteBuffer(bytes: content))
            try Self.exchange(client, server)
            #expect(try Self.received(server) == content)
            try server.writeOutbound(ByteBuffer(bytes: content))
            try Self.exchange(client, server)
            #expect(try Self.received(client) == content)
        }
        #expect(inner.read.count == 1)
        #expect(outer.written.count == 1)
        for memory in inner.read.union(outer.written) {
            #expect(BufferBlocks.shared.holds(memory))
            #expect(Resident.bytes(memory, BufferBlocks.bytes) == 0)
        }
        client.close(promise: nil)
        try Self.exchange(client, server)
        _ = try? server.finish(acceptAlreadyClosed: true)
        _ = try? client.finish(acceptAlreadyClosed: true)
    }

    /// Carries what each side has sent to the other one, until nothing comes any more.
    private static func exchange(_ client: EmbeddedChannel, _ server: EmbeddedChannel) throws {
        var isMoving = true
        while isMoving {
            isMoving = false
            for (from, to) in [(client, server), (server, client)] {
                while let bytes = try from.readOutbound(as: ByteBuffer.self) {
                    isMoving = true
                    try to.writeInbound(bytes)
                }
            }
        }
    }

    private static func received(_ channel: EmbeddedChannel) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readInbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        return bytes
    }
}
