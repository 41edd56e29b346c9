import Access
import Control
import HTTPListener
import NIOCore
import Shared

/// Reports that wait: for news of their node, or until any can be taken.
extension ReportHandler {
    static let notReady = ProblemDocument(ReportRefusal.notReady)

    /// Lets a known agent wait until reports can be taken, instead of sending it away to come again later. Its inventory waits
    /// where it costs this process nothing.
    func waitUntilReady(_ call: ReportCall, _ context: ChannelHandlerContext) -> Bool {
        guard service.agents.patience > .zero, !hasWaited,
            let place = service.agents.loop.reports.waitUntilReady(turn: turn, connectionWaiter(context))
        else { return false }
        hasWaited = true
        let until = NIODeadline.now() + TimeAmount(service.agents.patience)
        state = .early(call, place, until: until)
        arm(until, context)
        return true
    }

    func wait(_ call: ReportCall, _ reception: ReportReception) {
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
    func woken(turn: UInt64) {
        guard let context, turn == self.turn else { return }
        switch state {
        case .waiting(let wait): makeAnswer(wait.call, wait.reception)
        case .early(let call, _, _): take(call, context)
        default: break
        }
    }

    func answerWait(_ wait: Wait) {
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
}
