import FoundationEssentials
import NIOCore
import NIOHTTP1

/// Stands between the HTTP parser and the server: what breaks a limit or a rule goes no further.
package final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPServerRequestPart
    package typealias InboundOut = HTTPServerRequestPart
    package typealias OutboundIn = HTTPServerResponsePart
    package typealias OutboundOut = HTTPServerResponsePart

    private let limiter: ConnectionLimiter
    private let admission: ConnectionAdmission
    private var progress: RequestProgress
    private var timer: (due: Double, task: Scheduled<Void>)?
    private var stall: Scheduled<Void>?

    package init(_ limiter: ConnectionLimiter, admission: ConnectionAdmission) {
        self.limiter = limiter
        self.admission = admission
        progress = RequestProgress(limiter.limits, at: Self.now)
    }

    private static var now: Double { Double(NIODeadline.now().uptimeNanoseconds) / 1e9 }

    package func handlerAdded(context: ChannelHandlerContext) { arm(context) }

    package func handlerRemoved(context: ChannelHandlerContext) {
        timer?.task.cancel()
        timer = nil
        stall?.cancel()
        stall = nil
    }

    // MARK: In

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !progress.isRefused else { return }
        let verdict: RequestProgress.Verdict
        switch unwrapInboundIn(data) {
        case .head(let head):
            let length = head.headers.first(name: "content-length").flatMap { Int($0) }
            verdict = progress.head(length: length, fault: HeadRules.fault(head), at: Self.now)
            if verdict == .goOn, !limiter.limits.tokensAreNeeded { admission.establish() }
        case .body(let buffer):
            verdict = progress.body(buffer.readableBytes, at: Self.now)
        case .end:
            progress.requestEnded(at: Self.now)
            verdict = .goOn
        }
        if verdict == .goOn { context.fireChannelRead(data) }
        carryOut(verdict, context)
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        let fault: RequestFault = error == .headerOverflow ? .headTooLarge : .malformed("The parser says: \(error).")
        carryOut(progress.broken(fault, at: Self.now), context)
    }

    // MARK: Out

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !progress.isRefused else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head) where (100..<200).contains(head.status.code): break
        case .head: progress.answerBegan()
        case .body: break
        case .end:
            progress.answerEnded(at: Self.now)
            arm(context)
        }
        context.write(data, promise: promise)
    }

    package func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?)
    {
        guard event is ConnectionEstablished else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        progress.established()
        admission.establish()
        promise?.succeed()
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        stall?.cancel()
        stall = nil
        if !context.channel.isWritable {
            stall = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(limiter.limits.stallTime)) {
                context.close(promise: nil)
            }
        }
        context.fireChannelWritabilityChanged()
    }

    // MARK: Verdicts

    private func carryOut(_ verdict: RequestProgress.Verdict, _ context: ChannelHandlerContext) {
        switch verdict {
        case .goOn: arm(context)
        case .close: context.close(promise: nil)
        case .refuse(let fault):
            limiter.refused(status: fault.problem.code)
            say(fault.problem, context)
            // The client reads why before it notices the end.
            arm(context)
        }
    }

    private func say(_ problem: ProblemDocument, _ context: ChannelHandlerContext) {
        let body = problem.json
        let head = HTTPResponseHead(
            version: .http1_1, status: .init(statusCode: problem.code),
            headers: [
                "Content-Type": "application/problem+json", "Content-Length": "\(body.count)", "Connection": "close",
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    // MARK: Deadlines

    /// One timer, which looks again when it comes too early.
    private func arm(_ context: ChannelHandlerContext) {
        guard let deadline = progress.deadline else { return }
        if let timer, timer.due <= deadline { return }
        timer?.task.cancel()
        let task = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(max(0.001, deadline - Self.now))) {
            self.timer = nil
            self.look(context)
        }
        timer = (deadline, task)
    }

    private func look(_ context: ChannelHandlerContext) {
        guard let deadline = progress.deadline else { return }
        let now = Self.now
        if now < deadline { return arm(context) }
        carryOut(progress.timeOut(at: now), context)
    }
}

extension TimeAmount {
    static func seconds(_ seconds: Double) -> TimeAmount { .milliseconds(Int64(max(0, min(seconds, 1e9)) * 1000)) }
}
