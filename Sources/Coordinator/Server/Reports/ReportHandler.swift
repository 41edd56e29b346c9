import Access
import Control
import HTTPListener
import HTTPTypes
import History
import KubernetesClient
import Leadership
import Logging
import NIOCore
import NIOHTTP1
import Shared
import Telemetry

/// Answers agents' reports on a connection, below the server that serves everybody else.
///
/// An agent's report waits most of the time. Here that is a value; in a server it's a task with all functions that lead to it, a
/// stream in each direction and a request's context. With the first request that is no report the connection goes over to the
/// server for good.
final class ReportHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        /// No request is under way.
        case idle
        /// A body comes that may be a heartbeat's.
        case listening(ReportCall, KnownAgent)
        /// A report is being taken, or its answer made.
        case working(ReportCall)
        /// A report waits for news.
        case waiting(Wait)
        /// A report came before any can be taken.
        case early(ReportCall, ReportBoard.Place, until: NIODeadline)
        /// The answer is sent; what is left of the request's body is passed over.
        case answered
        /// The connection is the server's.
        case others
    }

    private struct Wait {
        var call: ReportCall
        var reception: ReportReception
        var ticket: ReportBoard.Ticket
        var until: NIODeadline
    }

    private let service: ReportConnections
    private var state = State.idle
    private var context: ChannelHandlerContext?
    /// Counts the requests, so that nobody takes one for another.
    private var turn: UInt64 = 0
    private var agent: KnownAgent?
    /// Of the report that is being taken, or whose answer is made.
    private var attendance: ReportBoard.Attendance?
    private var body = ByteBuffer()
    private var isBodyWhole = false
    /// Who waits for the body.
    private var bodyPromise: EventLoopPromise<ByteBuffer>?
    /// Requests that were sent before the answer to the first one came.
    private var queue: [HTTPServerRequestPart] = []
    private var isDraining = false
    /// Nothing is read meanwhile.
    private var holdsReading = false
    private var wantsRead = false
    private var endsAfterAnswer = false
    /// The client sends nothing more: whoever has the other end is gone, or doesn't wait for the answer.
    private var isInputClosed = false
    /// Whether the request has waited for the first lists already.
    private var hasWaited = false
    private var timer: (due: NIODeadline, task: Scheduled<Void>)?
    private var waiter: ConnectionWaiter?

    init(_ service: ReportConnections) { self.service = service }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        forget()
        waiter?.end()
        self.context = nil
    }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .others = state { return context.fireChannelRead(data) }
        queue.append(unwrapInboundIn(data))
        drain(context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .others = state { context.fireChannelReadComplete() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        forget()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .others = state { return context.fireErrorCaught(error) }
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .others = state { return context.fireUserInboundEventTriggered(event) }
        switch event {
        case ChannelEvent.inputClosed:
            isInputClosed = true
            if case .working = state, let attendance { service.agents.loop.reports.abandon(attendance) }
            end(context)
        case is ChannelShouldQuiesceEvent: end(context)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// No other request comes, or is to come.
    private func end(_ context: ChannelHandlerContext) {
        endsAfterAnswer = true
        switch state {
        case .idle, .listening, .early, .answered: context.close(promise: nil)
        case .waiting(let wait): answerWait(wait)
        case .working: if !isBodyWhole { context.close(promise: nil) }
        case .others: break
        }
    }

    private func drain(_ context: ChannelHandlerContext) {
        guard !isDraining else { return }
        isDraining = true
        var position = 0
        while position < queue.count, accepts(queue[position]) {
            let part = queue[position]
            position += 1
            handle(part, context)
        }
        // An answer can have closed the connection, with which all that it sent is forgotten.
        queue.removeFirst(min(position, queue.count))
        isDraining = false
        if queue.isEmpty { queue = [] }
        hold(!queue.isEmpty || holdsBody)
    }

    private func accepts(_ part: HTTPServerRequestPart) -> Bool {
        switch (state, part) {
        case (.others, _), (.idle, _): true
        case (_, .head): false
        case (_, .body), (_, .end): !isBodyWhole
        }
    }

    /// A large body waits for its turn where it costs this process nothing.
    private var holdsBody: Bool {
        guard let call, bodyPromise == nil, !isBodyWhole else { return false }
        return call.length.map { $0 > AgentRoutes.smallReportBytes } ?? true
    }

    /// Of a report whose body may be needed.
    private var call: ReportCall? {
        switch state {
        case .working(let call), .early(let call, _, _): call
        default: nil
        }
    }

    private func handle(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        if case .others = state { return context.fireChannelRead(wrapInboundOut(part)) }
        switch part {
        case .head(let head): begin(head, context)
        case .body(var bytes):
            switch state {
            case .listening, .working, .early:
                if body.readableBytes == 0 { body = bytes } else { body.writeBuffer(&bytes) }
            default: break
            }
        case .end:
            isBodyWhole = true
            switch state {
            case .listening(let call, let agent): hear(call, agent, context)
            case .working: bodyPromise?.succeed(takeBody())
            case .answered: finish(context)
            case .idle, .waiting, .early, .others: break
            }
        }
    }

    // MARK: Reports

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard let call = ReportCall(head) else {
            do {
                try service.handOver(context.channel)
            } catch {
                return context.close(promise: nil)
            }
            state = .others
            agent = nil
            return context.fireChannelRead(wrapInboundOut(.head(head)))
        }
        turn += 1
        isBodyWhole = false
        hasWaited = false
        guard service.leadership.isLeading else {
            state = .answered
            // A Service sends the next connection to whoever leads.
            endsAfterAnswer = true
            return refuse(ProblemDocument(notLeading: service.leadership), call, context)
        }
        let isSmall = call.length.map { $0 <= AgentRoutes.smallReportBytes } ?? false
        if let agent, isSmall, !call.isJSON, agent.until > .now,
            agent.token == BearerToken(authorization: call.authorization)?.digest
        {
            state = .listening(call, agent)
        } else {
            take(call, context)
        }
    }

    /// A report of somebody known has come: mostly it says that nothing changed.
    private func hear(_ call: ReportCall, _ agent: KnownAgent, _ context: ChannelHandlerContext) {
        let start = ContinuousClock.now
        guard let read = body.withUnsafeReadableBytes({ HeartbeatReader($0) }), read.isHeartbeat,
            read.likeness == agent.likeness, let ticket = agent.reception.ticket, agent.identity.mayAsk()
        else { return take(call, context) }
        guard
            service.agents.loop.reports.take(
                read.heartbeat, ticket, after: call.after, at: service.agents.loop.clock.now) == .taken
        else {
            // Asking who it is counts it.
            agent.identity.takeBack()
            return take(call, context)
        }
        body = ByteBuffer()
        Instruments.report(isAccepted: true)
        Instruments.reportTaken(since: start)
        wait(call, agent.reception.heartbeat(read.heartbeat.sequence))
    }

    /// Takes a report as a whole.
    private func take(_ call: ReportCall, _ context: ChannelHandlerContext) {
        state = .working(call)
        let connection = connectionWaiter(context)
        let address = context.remoteAddress?.ipAddress ?? ""
        let channel = context.channel
        let turn = turn
        attendance = nil
        Task { [agents = service.agents] in
            do {
                let taken = try await agents.take(call, from: address) {
                    channel.triggerUserOutboundEvent(ConnectionEstablished(), promise: nil)
                } disconnect: {
                    channel.close(promise: nil)
                } attended: { attendance in
                    connection.attended(attendance, turn: turn, agents.loop.reports)
                } body: {
                    try await connection.body(turn: turn)
                }
                connection.taken(taken, turn: turn, agents.loop.reports)
            } catch {
                connection.onLoop { $0.failed(error, turn: turn) }
            }
        }
    }

    fileprivate func readBody(_ promise: EventLoopPromise<ByteBuffer>, turn: UInt64) {
        guard let context, turn == self.turn, case .working = state else {
            return promise.fail(ChannelError.ioOnClosedChannel)
        }
        bodyPromise = promise
        if isBodyWhole { promise.succeed(takeBody()) } else { drain(context) }
    }

    private func takeBody() -> ByteBuffer {
        defer { body = ByteBuffer() }
        return body
    }

    /// - Returns: false: the connection has gone.
    fileprivate func attended(_ attendance: ReportBoard.Attendance, turn: UInt64) -> Bool {
        guard turn == self.turn, case .working = state, !isInputClosed else { return false }
        self.attendance = attendance
        return true
    }

    /// - Returns: false: the connection has gone.
    fileprivate func taken(_ taken: AgentRoutes.Taken, turn: UInt64) -> Bool {
        guard turn == self.turn, case .working(let call) = state else { return false }
        answer(taken, call)
        return true
    }

    private func answer(_ taken: AgentRoutes.Taken, _ call: ReportCall) {
        bodyPromise = nil
        agent = taken.agent
        if taken.reception.isUrgent || call.wait <= 0 {
            makeAnswer(call, taken.reception)
        } else {
            wait(call, taken.reception)
        }
    }

    private func failed(_ error: any Error, turn: UInt64) {
        guard let context, turn == self.turn, case .working(let call) = state else { return }
        let isUntouched = bodyPromise == nil
        bodyPromise = nil
        agent = nil
        if isUntouched, (error as? ProblemDocument) == Self.notReady, waitUntilReady(call, context) { return }
        state = .answered
        switch error {
        case let problem as ProblemDocument: refuse(problem, call, context)
        case is ChannelError, is CancellationError: context.close(promise: nil)
        default:
            service.logger.error("a report failed", metadata: ["error": "\(error)"])
            refuse(ProblemDocument(.internalServerError, path: AgentRoutes.path), call, context)
        }
    }

    // MARK: Waiting

    private static let notReady = ProblemDocument(ReportRefusal.notReady)

    /// Lets a known agent wait until reports can be taken, instead of sending it away to come again later. Its inventory waits
    /// where it costs this process nothing.
    private func waitUntilReady(_ call: ReportCall, _ context: ChannelHandlerContext) -> Bool {
        guard service.agents.patience > .zero, !hasWaited,
            let place = service.agents.loop.reports.waitUntilReady(turn: turn, connectionWaiter(context))
        else { return false }
        hasWaited = true
        let until = NIODeadline.now() + TimeAmount(service.agents.patience)
        state = .early(call, place, until: until)
        arm(until, context)
        return true
    }

    private func wait(_ call: ReportCall, _ reception: ReportReception) {
        guard let context, let ticket = reception.ticket else { return makeAnswer(call, reception) }
        let until = NIODeadline.now() + .milliseconds(Int64(call.wait * 1000))
        var call = call
        // A token has a thousand bytes, and has done its duty.
        call.authorization = nil
        state = .waiting(Wait(call: call, reception: reception, ticket: ticket, until: until))
        guard call.wait > 0, !endsAfterAnswer else { return timeIsOver() }
        guard service.agents.loop.reports.wait(ticket, after: call.after, turn: turn, connectionWaiter(context)) else {
            return makeAnswer(call, reception)
        }
        arm(until, context)
    }

    /// There's news for the node.
    fileprivate func woken(turn: UInt64) {
        guard let context, turn == self.turn else { return }
        switch state {
        case .waiting(let wait): makeAnswer(wait.call, wait.reception)
        case .early(let call, _, _): take(call, context)
        default: break
        }
    }

    private func answerWait(_ wait: Wait) {
        if let waiter { service.agents.loop.reports.leave(wait.ticket, turn: turn, waiter) }
        guard service.agents.loop.reports.isCurrent(wait.ticket) else { return makeAnswer(wait.call, wait.reception) }
        // Nothing has happened: what there is to say is known here.
        var reply = WireReportReply()
        reply.acknowledgedSequence = wait.reception.sequence
        reply.databaseID = service.agents.loop.reports.databaseID
        answer(reply, wait.call)
    }

    private func timeIsOver() {
        if case .waiting(let wait) = state { answerWait(wait) }
    }

    /// One timer, which looks again when it comes too early. One that would come too late, because an earlier wait was longer,
    /// is made anew.
    private func arm(_ deadline: NIODeadline, _ context: ChannelHandlerContext) {
        if let timer, timer.due <= deadline { return }
        timer?.task.cancel()
        timer = (deadline, context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.look() })
    }

    private func look() {
        timer = nil
        guard let context else { return }
        switch state {
        case .waiting(let wait):
            if NIODeadline.now() >= wait.until { timeIsOver() } else { arm(wait.until, context) }
        case .early(let call, let place, let until):
            guard NIODeadline.now() >= until else { return arm(until, context) }
            service.agents.loop.reports.leave(place)
            take(call, context)
        default: break
        }
    }

    // MARK: Answers

    private func makeAnswer(_ call: ReportCall, _ reception: ReportReception) {
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

    private func answer(_ reply: WireReportReply, _ call: ReportCall) {
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

    private func refuse(_ problem: ProblemDocument, _ call: ReportCall, _ context: ChannelHandlerContext) {
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
    private func finish(_ context: ChannelHandlerContext) {
        state = .idle
        if endsAfterAnswer { return context.close(promise: nil) }
        drain(context)
    }

    // MARK: Reading

    func read(context: ChannelHandlerContext) {
        if holdsReading { wantsRead = true } else { context.read() }
    }

    private func hold(_ holds: Bool) {
        holdsReading = holds
        guard !holds, wantsRead else { return }
        wantsRead = false
        context?.read()
    }

    // MARK: The end

    private func forget() {
        if case .working = state, let attendance { service.agents.loop.reports.abandon(attendance) }
        if case .early(_, let place, _) = state { service.agents.loop.reports.leave(place) }
        attendance = nil
        if case .waiting(let wait) = state, let waiter {
            service.agents.loop.reports.leave(wait.ticket, turn: turn, waiter)
            service.agents.loop.reports.end(wait.ticket)
        } else if let ticket = agent?.reception.ticket {
            service.agents.loop.reports.end(ticket)
        }
        turn += 1
        if case .others = state {} else { state = .idle }
        bodyPromise?.fail(ChannelError.ioOnClosedChannel)
        bodyPromise = nil
        timer?.task.cancel()
        timer = nil
        queue = []
        agent = nil
    }

    private func connectionWaiter(_ context: ChannelHandlerContext) -> ConnectionWaiter {
        if let waiter { return waiter }
        let waiter = ConnectionWaiter(self, context.eventLoop)
        self.waiter = waiter
        return waiter
    }
}

/// How tasks and the control loop reach a connection, as long as it's there.
final class ConnectionWaiter: ReportWaiter {
    private let handler: NIOLoopBoundBox<ReportHandler?>
    private let eventLoop: any EventLoop

    init(_ handler: ReportHandler, _ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.handler = NIOLoopBoundBox(handler, eventLoop: eventLoop)
    }

    /// The connection has gone. To be called on its event loop.
    func end() { handler.value = nil }

    func wake(turn: UInt64) { onLoop { $0.woken(turn: turn) } }

    func onLoop(_ body: @escaping @Sendable (ReportHandler) -> Void) {
        eventLoop.execute { [handler] in
            if let handler = handler.value { body(handler) }
        }
    }

    /// A report is being taken.
    func attended(_ attendance: ReportBoard.Attendance, turn: UInt64, _ reports: ReportBoard) {
        eventLoop.execute { [handler] in
            if handler.value?.attended(attendance, turn: turn) != true { reports.abandon(attendance) }
        }
    }

    /// A report is taken.
    func taken(_ taken: AgentRoutes.Taken, turn: UInt64, _ reports: ReportBoard) {
        eventLoop.execute { [handler] in
            guard handler.value?.taken(taken, turn: turn) != true, let ticket = taken.reception.ticket else { return }
            reports.end(ticket)
        }
    }

    func body(turn: UInt64) async throws -> ByteBuffer {
        let promise = eventLoop.makePromise(of: ByteBuffer.self)
        eventLoop.execute { [handler] in
            if let handler = handler.value {
                handler.readBody(promise, turn: turn)
            } else {
                promise.fail(ChannelError.ioOnClosedChannel)
            }
        }
        return try await promise.futureResult.get()
    }
}
