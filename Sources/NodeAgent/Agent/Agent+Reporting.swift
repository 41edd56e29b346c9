import Logging
import Shared

extension Agent {
    /// Speaks to the coordinator until told to end.
    func report() async {
        while true {
            let now = uptime.now
            switch conversation.next(at: now, hasNews: state.hasNews, isBusy: !board.running.isEmpty) {
            case .end:
                if state.hasNews { log.warning("ends with something untold: the coordinator can't be reached") }
                return
            case .rest(let until):
                let sleep = Task<Void, Never> { try? await Task.sleep(for: until - now) }
                reporterSleep = sleep
                await sleep.value
            case .report(let wait):
                await send(wait: wait)
            }
        }
    }

    private func send(wait: Duration) async {
        let now = uptime.now
        let report = state.nextReport(
            at: now, running: state.standsBy ? [] : board.report(at: now),
            filesystem: state.standsBy ? nil : ImageFilesystem.measure(configuration.imageRoot))
        let after = state.assignment?.generation ?? 0
        let task = Task { [coordinator] in try await coordinator.exchange(report, after: after, wait: wait) }
        exchange = task
        let result = await task.result
        exchange = nil
        switch result {
        case .success(let reply): take(reply)
        case .failure(is CancellationError): conversation.abandoned(at: uptime.now)
        case .failure(let error): failed(error)
        }
    }

    private func take(_ reply: WireReportReply) {
        let now = uptime.now
        let (before, formerInterval, stoodBy) = (state.desired, interval, state.standsBy)
        if !isAnswered {
            isAnswered = true
            observerSleep?.cancel()
        }
        switch state.answered(reply, at: now) {
        case .useless(let reason):
            failed(CoordinatorUnreachable(description: "the coordinator's answer is of no use: \(reason)"))
        case .acknowledged(let assignmentChanged):
            if lastTrouble != nil { log.notice("the coordinator answers again") }
            lastTrouble = nil
            conversation.answered(at: now, isNew: assignmentChanged || reply.sendFull)
            if !board.running.isEmpty || assignmentChanged { relief.work(at: now) }
            if relief.isDue(at: now) { MappedCode.giveBack() }
            guard assignmentChanged else { return }
            conversation.interval = heartbeat
            if interval != formerInterval { observerSleep?.cancel() }
            expectRuntime(reply.assignment.containerRuntimeVersion)
            carryOut(board.assign(reply.assignment.pulls, at: now))
            if state.standsBy, !stoodBy { standBy() }
            if stoodBy, !state.standsBy { takeOver() }
            // What the runtime makes of new references is asked at once.
            if state.desired != before { listSoon() }
        }
    }

    /// A kubelet of another runtime than the one in use: that is looked for at once.
    private func expectRuntime(_ version: String) {
        source.expect(version)
        let runtime = state.status.runtime
        guard let expected = KubeletsRuntime(version), !runtime.version.isEmpty,
            !expected.isCalled(runtime.name, version: runtime.version)
        else { return }
        listingsUntilVersion = 0
    }

    private func failed(_ error: any Error) {
        var random = SystemRandomNumberGenerator()
        let refusal = error as? CoordinatorRefusal
        if refusal?.isTooLarge == true { state.attempts.halveLimit() }
        conversation.failed(
            at: uptime.now, retryAfter: refusal?.retryAfter, isRefused: (error as? HTTPError)?.code == .connect,
            using: &random)
        let trouble = (error as? HTTPError)?.message ?? "\(error)"
        if lastTrouble != trouble { log.warning("the report didn't get through: \(trouble)") }
        lastTrouble = trouble
    }
}
