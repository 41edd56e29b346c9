import NIOCore
import NIOHPACK
import NIOHTTP2

/// One unary gRPC call: one HTTP/2 stream. When the caller goes away before the answer, the call is cancelled.
final class GRPCStreamHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    /// containerd's own limit for a request.
    private static let maximumRequestBytes = 16 << 20
    /// A flag for compression, and four bytes of length.
    private static let prefixLength = 5

    private let respond: @Sendable (_ path: String, _ request: [UInt8]) async throws -> [UInt8]
    private var path = ""
    private var body = ByteBuffer()
    private var call: Task<Void, Never>?

    init(respond: @escaping @Sendable (String, [UInt8]) async throws -> [UInt8]) {
        self.respond = respond
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let headers):
            if let path = headers.headers.first(name: ":path") { self.path = path }
            if headers.endStream { begin(on: context.channel) }
        case .data(let data):
            guard case .byteBuffer(var bytes) = data.data else { return }
            body.writeBuffer(&bytes)
            if body.readableBytes > Self.maximumRequestBytes {
                context.close(promise: nil)
            } else if data.endStream {
                begin(on: context.channel)
            }
        default: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        call?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func begin(on channel: any Channel) {
        guard call == nil else { return }
        let path = path
        let request: [UInt8]
        do {
            request = try Self.message(in: &body)
        } catch {
            Self.send(error, on: channel)
            return
        }
        let respond = respond
        call = Task { await GRPCStreamHandler.answer(path, request, by: respond, on: channel) }
    }

    private static func answer(
        _ path: String, _ request: [UInt8], by respond: @Sendable (String, [UInt8]) async throws -> [UInt8],
        on channel: any Channel
    ) async {
        do {
            let answer = try await respond(path, request)
            if !Task.isCancelled { send(answer, on: channel) }
        } catch let failure as GRPCFailure {
            send(failure, on: channel)
        } catch {
            send(GRPCFailure.internalError("\(error)"), on: channel)
        }
    }

    private static func message(in body: inout ByteBuffer) throws(GRPCFailure) -> [UInt8] {
        guard let flag = body.readInteger(as: UInt8.self), let length = body.readInteger(as: UInt32.self),
            let bytes = body.readBytes(length: Int(length)), body.readableBytes == 0
        else { throw GRPCFailure.internalError("the request is not one length-prefixed message") }
        guard flag == 0 else { throw GRPCFailure.unimplemented("compressed requests are not supported") }
        return bytes
    }

    private static func send(_ answer: [UInt8], on channel: any Channel) {
        var buffer = channel.allocator.buffer(capacity: answer.count + prefixLength)
        buffer.writeInteger(UInt8(0))
        buffer.writeInteger(UInt32(answer.count))
        buffer.writeBytes(answer)
        let head: HPACKHeaders = [":status": "200", "content-type": "application/grpc"]
        channel.write(HTTP2Frame.FramePayload.headers(.init(headers: head)), promise: nil)
        channel.write(HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(buffer))), promise: nil)
        let trailers: HPACKHeaders = ["grpc-status": "0", "grpc-message": ""]
        channel.writeAndFlush(
            HTTP2Frame.FramePayload.headers(.init(headers: trailers, endStream: true)), promise: nil)
    }

    private static func send(_ failure: GRPCFailure, on channel: any Channel) {
        let headers: HPACKHeaders = [
            ":status": "200", "content-type": "application/grpc", "grpc-status": "\(failure.code)",
            "grpc-message": failure.encodedMessage,
        ]
        channel.writeAndFlush(
            HTTP2Frame.FramePayload.headers(.init(headers: headers, endStream: true)), promise: nil)
    }
}
