import NIOCore
import NIOPosix
import Testing

@testable import Server
@testable import TestBasics

@Suite("Connections that aren't agents'") struct OtherConnectionsTests {
    /// As TLS does it, which says goodbye first.
    private final class SlowClose: ChannelOutboundHandler {
        typealias OutboundIn = Never

        func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
            context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(50)) {
                context.close(mode: mode, promise: promise)
            }
        }
    }

    /// With its first request a connection becomes one of those.
    private final class FirstRequest: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = ByteBuffer
        typealias InboundOut = ByteBuffer

        private let others: OtherConnections

        init(_ others: OtherConnections) { self.others = others }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            do {
                let connection = try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                    wrappingChannelSynchronously: context.channel)
                others.take(context.channel) {
                    try? await connection.executeThenClose { inbound, _ in for try await _ in inbound {} }
                }
            } catch {
                context.fireErrorCaught(error)
            }
        }
    }

    @Test("One that makes its first request after the end is closed, and harms nobody else", arguments: [true, false])
    func afterTheEnd(isSlow: Bool) async throws {
        let others = OtherConnections()
        let service = Task { await others.run() }
        service.cancel()
        await service.value
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if isSlow { try channel.pipeline.syncOperations.addHandler(SlowClose()) }
                    try channel.pipeline.syncOperations.addHandler(FirstRequest(others))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let client = RawClient(server: "http://127.0.0.1:\(server.localAddress?.port ?? 0)", bundle: "")
        let outcome = try await client.send([Array("GET / HTTP/1.1\r\n\r\n".utf8)], within: 20)
        #expect(outcome.isClosed)
        try await server.close()
    }
}
