import CCurl

/// Runs transfers on libcurl's multi handle. It belongs to the event loop's thread.
final class TransferDriver {
    private let multi: UnsafeMutableRawPointer
    /// Running, and waiting for a place.
    private var transfers: [ObjectIdentifier: ActiveTransfer] = [:]
    private var queue = ConnectionQueue()
    /// No deadline of any transfer is earlier.
    private var nextDeadline: ContinuousClock.Instant?
    private var pollTimeout = PollTimeout()

    init(multi: UnsafeMutableRawPointer) { self.multi = multi }

    /// Carries out commands, moves bytes, and sleeps until there is more to do.
    func turn(_ commands: [EventLoop.Command]) {
        commands.forEach(carryOut)
        var running: Int32 = 0
        curl_multi_perform(multi, &running)
        collectFinished()
        let now = ContinuousClock.now
        expire(now: now)
        var ready: Int32 = 0
        curl_multi_poll(multi, nil, 0, pollTimeout.next(now: now, deadline: nextDeadline), &ready)
        pollTimeout.polled(ready: ready)
    }

    private func carryOut(_ command: EventLoop.Command) {
        switch command {
        case .start(let transfer): enter(transfer)
        case .cancel(let id):
            if let active = transfers[id] { remove(active) }
        case .resume(let id):
            guard let active = transfers[id], active.isRunning else { return }
            active.resume(now: .now)
            noteDeadline(of: active)
        }
    }

    private func enter(_ transfer: Transfer) {
        guard !transfer.hasEnded else { return }
        let active = ActiveTransfer(transfer) { [unowned self] in
            pollTimeout.calledBack()
            noteDeadline(of: $0)
        }
        transfers[active.id] = active
        noteDeadline(of: active)
        let request = transfer.request
        if queue.enter(active.id, request.place, limit: request.configuration.maximumConnectionsPerHost) {
            start(active)
        }
    }

    private func start(_ active: ActiveTransfer) {
        do {
            try active.start(on: multi)
        } catch {
            remove(active)
            active.transfer.finish(.failure(error))
        }
    }

    /// Takes a transfer off libcurl. Closes its connection unless the response was read to its end.
    private func remove(_ active: ActiveTransfer) {
        transfers[active.id] = nil
        active.stop(on: multi)
        if let next = queue.leave(active.id, active.transfer.request.place), let waiting = transfers[next] {
            start(waiting)
        }
    }

    private func collectFinished() {
        var remaining: Int32 = 0
        while let message = curl_multi_info_read(multi, &remaining) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            let code = ccurl_message_result(message)
            guard let active = transfers.values.first(where: { $0.owns(easy) }) else { continue }
            let result = active.result(of: code)
            remove(active)
            active.transfer.finish(result)
        }
    }

    private func expire(now: ContinuousClock.Instant) {
        guard let due = nextDeadline, due <= now else { return }
        nextDeadline = nil
        for active in Array(transfers.values) {
            guard let error = active.expiry(now: now) else {
                noteDeadline(of: active)
                continue
            }
            remove(active)
            active.transfer.finish(.failure(error))
        }
    }

    private func noteDeadline(of active: ActiveTransfer) {
        guard let deadline = active.deadline else { return }
        nextDeadline = nextDeadline.map { min($0, deadline) } ?? deadline
    }
}
