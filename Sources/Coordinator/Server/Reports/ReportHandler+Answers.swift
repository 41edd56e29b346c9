import Access
import Control
import HTTPListener
import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
import Shared

/// What a report is answered.
extension ReportHandler {
    func makeAnswer(_ call: ReportCall, _ reception: ReportReception) {
        guard let context else { return }
        state = .working(call)
        let connection = connectionWaiter(context)
        let turn = turn
        Task { [loop = service.agents.loop] in
            let reply = await loop.answer(reception, after: call.after)
            connection.onLoop { $0.answered(reply, turn: turn) }
        }
    }

    private func answered(_ reply: WireReportReply, turn: UInt64) {
        guard turn == self.turn, case .working(let call) = state else { return }
        answer(reply, call)
    }

    func answer(_ reply: WireReportReply, _ call: ReportCall) {
        guard let context else { return }
        state = .answered
        do {
            let bytes = try AgentRoutes.bytes(of: reply, isJSON: call.isJSON)
            respond(.ok, [("Content-Type", AgentRoutes.contentType(isJSON: call.isJSON))], bytes, call, context)
        } catch {
            service.logger.error("an answer can't be written", metadata: ["error": "\(error)"])
            refuse(ProblemDocument(.internalServerError, path: AgentRoutes.path), call, context)
        }
    }

    func refuse(_ problem: ProblemDocument, _ call: ReportCall, _ context: ChannelHandlerContext) {
        let fields = problem.responseFields.map { ($0.name.canonicalName, $0.value) }
        respond(.init(statusCode: problem.code), fields, problem.json, call, context)
    }

    private func respond(
        _ status: HTTPResponseStatus, _ fields: [(String, String)], _ bytes: [UInt8], _ call: ReportCall,
        _ context: ChannelHandlerContext
    ) {
        var headers = NIOHTTP1.HTTPHeaders(fields)
        headers.add(name: "Content-Length", value: "\(bytes.count)")
        headers.add(name: "Date", value: HTTPDate.now)
        headers.add(name: "Server", value: Listeners.serverName)
        // What is left of a large body isn't read: to decrypt it costs as much as to take it.
        let isLeft = !isBodyWhole && call.length.map { $0 > AgentRoutes.smallReportBytes } ?? true
        if !call.keepsAlive || endsAfterAnswer || isLeft {
            endsAfterAnswer = true
            headers.replaceOrAdd(name: "Connection", value: "close")
        }
        context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: bytes)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        body = ByteBuffer()
        if isBodyWhole { return finish(context) }
        hold(isLeft)
        // Closed at once, the client might never see why.
        if isLeft { context.eventLoop.assumeIsolated().scheduleTask(in: Self.linger) { context.close(promise: nil) } }
    }

    private static let linger = TimeAmount.seconds(2)

    /// The answer is sent, and the request has come to its end.
    func finish(_ context: ChannelHandlerContext) {
        state = .idle
        if endsAfterAnswer { return context.close(promise: nil) }
        drain(context)
    }
}
