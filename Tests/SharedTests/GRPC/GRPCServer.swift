import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import Shared

/// A gRPC server of a few lines: HTTP/2 without TLS on a Unix socket. Its handler sees one call at a time.
struct GRPCServer: Sendable {
    /// What a call is answered with.
    enum Answer: Sendable {
        /// A message and status 0.
        case message([UInt8])
        /// The bytes as they are, and these trailers.
        case raw([UInt8], trailers: HTTPHeaders)
        /// Nothing but a head: "trailers only".
        case headOnly(HTTPHeaders)
        /// A head with this HTTP status, and the end.
        case http(Int)
        /// The stream is reset.
        case reset
        /// No answer at all.
        case silence
    }

    struct Call: Sendable {
        let headers: HTTPHeaders
        /// With gRPC's frame.
        let body: [UInt8]
    }

    let socketPath: String
    let calls: Shelf<[Call]>
    /// How many calls' streams were closed while the server was silent.
    let abandoned: Shelf<Int>
    /// When the last byte of each answer was in the kernel's hands.
    let lastBytes: Shelf<[ContinuousClock.Instant]>
    private let channel: any Channel
    private let scratch: Scratch

    static func start(_ handler: @escaping @Sendable (Call) -> Answer) async throws -> GRPCServer {
        let scratch = try Scratch()
        let path = scratch.file("grpc.sock")
        let calls = Shelf<[Call]>([])
        let abandoned = Shelf(0)
        let lastBytes = Shelf<[ContinuousClock.Instant]>([])
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                channel.configureHTTP2Pipeline(mode: .server) { stream in
                    stream.eventLoop.makeCompletedFuture {
                        try stream.pipeline.syncOperations.addHandler(
                            CallHandler(calls: calls, abandoned: abandoned, lastBytes: lastBytes, answer: handler))
                    }
                }.map { _ in }
            }
            .bind(unixDomainSocketPath: path).get()
        return GRPCServer(
            socketPath: path, calls: calls, abandoned: abandoned, lastBytes: lastBytes, channel: channel,
            scratch: scratch)
    }

    func stop() async { try? await channel.close() }
}

private final class CallHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let calls: Shelf<[GRPCServer.Call]>
    private let abandoned: Shelf<Int>
    private let lastBytes: Shelf<[ContinuousClock.Instant]>
    private let answer: @Sendable (GRPCServer.Call) -> GRPCServer.Answer
    private var headers = HTTPHeaders()
    private var body: [UInt8] = []
    private var isSilent = false

    init(
        calls: Shelf<[GRPCServer.Call]>, abandoned: Shelf<Int>, lastBytes: Shelf<[ContinuousClock.Instant]>,
        answer: @escaping @Sendable (GRPCServer.Call) -> GRPCServer.Answer
    ) {
        self.calls = calls
        self.abandoned = abandoned
        self.lastBytes = lastBytes
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let payload):
            for field in payload.headers { headers.add(field.name, field.value) }
            if payload.endStream { reply(context) }
        case .data(let payload):
            if case .byteBuffer(let buffer) = payload.data { body += buffer.readableBytesView }
            if payload.endStream { reply(context) }
        default: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if isSilent { abandoned.update { $0 += 1 } }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func reply(_ context: ChannelHandlerContext) {
        let call = GRPCServer.Call(headers: headers, body: body)
        calls.update { $0.append(call) }
        switch answer(call) {
        case .message(let message):
            let length = UInt32(message.count)
            let frame = [0] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + message
            send(context, frame, trailers: ["grpc-status": "0"])
        case .raw(let bytes, let trailers): send(context, bytes, trailers: trailers)
        case .headOnly(let fields):
            write(context, [":status": "200", "content-type": "application/grpc"], fields, true)
        case .http(let status): write(context, [":status": "\(status)"], [:], true)
        case .reset: context.writeAndFlush(wrapOutboundOut(.rstStream(.refusedStream)), promise: nil)
        case .silence: isSilent = true
        }
    }

    private func send(_ context: ChannelHandlerContext, _ bytes: [UInt8], trailers: HTTPHeaders) {
        write(context, [":status": "200", "content-type": "application/grpc"], [:], false)
        context.write(wrapOutboundOut(.data(.init(data: .byteBuffer(ByteBuffer(bytes: bytes))))), promise: nil)
        write(context, [:], trailers, true)
    }

    private func write(_ context: ChannelHandlerContext, _ own: HTTPHeaders, _ more: HTTPHeaders, _ endStream: Bool) {
        let fields = HPACKHeaders((Array(own) + Array(more)).map { ($0.name, $0.value) })
        let written = context.eventLoop.makePromise(of: Void.self)
        if endStream {
            written.futureResult.whenSuccess { [lastBytes] in lastBytes.update { $0.append(.now) } }
        }
        // An answer goes out whole, as a runtime's does: its parts are read together.
        let frame = wrapOutboundOut(.headers(.init(headers: fields, endStream: endStream)))
        if endStream { context.writeAndFlush(frame, promise: written) } else { context.write(frame, promise: written) }
    }
}
