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

    enum State {
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

    struct Wait {
        var call: ReportCall
        var reception: ReportReception
        var ticket: ReportBoard.Ticket
        var until: NIODeadline
    }

    let service: ReportConnections
    var state = State.idle
    var context: ChannelHandlerContext?
    /// Counts the requests, so that nobody takes one for another.
    var turn: UInt64 = 0
    var agent: KnownAgent?
    /// Of the report that is being taken, or whose answer is made.
    private var attendance: ReportBoard.Attendance?
    var body = ByteBuffer()
    var isBodyWhole = false
    /// Who waits for the body.
    private var bodyPromise: EventLoopPromise<ByteBuffer>?
    /// Requests that were sent before the answer to the first one came.
    private var queue: [HTTPServerRequestPart] = []
    private var isDraining = false
    /// Nothing is read meanwhile.
    private var holdsReading = false
    private var wantsRead = false
    var endsAfterAnswer = false
    /// The client sends nothing more: whoever has the other end is gone, or doesn't wait for the answer.
    private var isInputClosed = false
    /// Whether the request has waited for the first lists already.
    var hasWaited = false
    var timer: (due: NIODeadline, task: Scheduled<Void>)?
    var waiter: ConnectionWaiter?

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

    func drain(_ context: ChannelHandlerContext) {
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
    func take(_ call: ReportCall, _ context: ChannelHandlerContext) {
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

    func readBody(_ promise: EventLoopPromise<ByteBuffer>, turn: UInt64) {
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
    func attended(_ attendance: ReportBoard.Attendance, turn: UInt64) -> Bool {
        guard turn == self.turn, case .working = state, !isInputClosed else { return false }
        self.attendance = attendance
        return true
    }

    /// - Returns: false: the connection has gone.
    func taken(_ taken: AgentRoutes.Taken, turn: UInt64) -> Bool {
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

    // MARK: Reading

    func read(context: ChannelHandlerContext) {
        if holdsReading { wantsRead = true } else { context.read() }
    }

    func hold(_ holds: Bool) {
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

    func connectionWaiter(_ context: ChannelHandlerContext) -> ConnectionWaiter {
        if let waiter { return waiter }
        let waiter = ConnectionWaiter(self, context.eventLoop)
        self.waiter = waiter
        return waiter
    }
}
