import Access
import Control
import NIOCore

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
