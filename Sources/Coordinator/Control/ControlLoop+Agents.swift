import Cluster
import History
import Logging
import Planning
import Reporting
import Shared
import Telemetry

extension ControlLoop {
    /// Takes a report and answers it, at the latest when the wait is over.
    ///
    /// - Parameters:
    ///   - agent: who sent it; see ``receive(_:from:after:whenTaken:)``.
    ///   - generation: the assignment that the agent has.
    ///   - wait: how long the answer may wait for another one.
    ///   - whenTaken: called as soon as the report is taken or refused.
    /// - Throws: ``ReportRefusal``.
    package func ingest(
        _ report: CheckedReport, from agent: String = "", after generation: UInt64, wait: Duration,
        whenTaken: @Sendable (ReportBoard.Attendance?) -> Void = { _ in }
    ) async throws -> WireReportReply {
        let reception = try await receive(report, from: agent, after: generation, whenTaken: whenTaken)
        if !reception.isUrgent, wait > .zero { await waitForNews(node: reception.node, wait: wait) }
        return await answer(reception, after: generation)
    }

    /// Takes a report, and leaves the answer to ``answer(_:after:)``: now, or when there's news or the wait is over.
    ///
    /// - Parameters:
    ///   - agent: who sent it, by the UID of the pod that its token is bound to; empty: the only one of its node.
    ///   - generation: the assignment that the agent has.
    ///   - whenTaken: called as soon as the report is taken or refused; with what is to be abandoned if the connection ends
    ///     before it is answered.
    /// - Throws: ``ReportRefusal``.
    package func receive(
        _ report: CheckedReport, from agent: String = "", after generation: UInt64,
        whenTaken: @Sendable (ReportBoard.Attendance?) -> Void = { _ in }
    ) async throws -> ReportReception {
        let start = ContinuousClock.now
        let hold = Self.processorTime
        var attendance: ReportBoard.Attendance?
        let taken = Result { try take(report, from: agent, &attendance) }
        noteHold(since: hold)
        whenTaken(attendance)
        let (received, attempts) = try taken.get()
        var reception = received
        reception.isCommitted = if let attempts { await history.commit(withoutProbes(attempts)) } else { false }
        let databaseID = await history.databaseID
        Instruments.reportTaken(since: start)

        let isStandby = standsBy(agent, on: reception.node)
        let current = isStandby ? Self.standby.generation : fleet.nodes[reception.node]?.generation ?? 0
        // Attempts that can't be stored come again with every report: they are no reason to answer at once.
        let isNews = reception.needsFull || (reception.isCommitted && reception.lastAttempt != nil)
        reception.isUrgent = isNews || current != generation
        let isQuiet =
            isStandby
            || !reception.needsFull && !isRestricted && fleet.nodes[reception.node]?.bootID == reception.bootID
                && fleet.nodes[reception.node]?.lastSequence == reception.sequence && fleet.isQuiet(reception.node)
        reception.ticket = reports.open(
            reception.node, agent: agent, standsBy: isStandby, sequence: reception.sequence, generation: current,
            isQuiet: isQuiet, databaseID: databaseID)
        return reception
    }

    /// The answer to a report.
    package func answer(_ reception: ReportReception, after generation: UInt64) async -> WireReportReply {
        let databaseID = await history.databaseID
        reports.answered(reception)
        return answer(reception, after: generation, databaseID: databaseID)
    }

    /// Lets the fleet hear what agents said since it was asked last.
    func hearHeartbeats() {
        for pending in reports.takePending() {
            let (node, heartbeat) = (pending.node, pending.heartbeat)
            let capacity = min(heartbeat.capacityBytes, ReportLimits.largestSize)
            noteSilence(of: node, at: pending.at)
            fleet.hear(
                node, sequence: heartbeat.sequence, inventoryAge: heartbeat.inventoryAgeMilliseconds,
                capacityBytes: capacity, freeBytes: min(heartbeat.freeBytes, ReportLimits.largestSize), at: pending.at)
            noteHeard(node, at: pending.at)
        }
    }

    /// Whether reports can be taken.
    package var isReady: Bool { configuration != nil && cluster.isSynced }

    /// Not a part of ``receive(_:after:whenTaken:)``, where all that it needs would be kept while agents wait: 9 KB for each.
    ///
    /// - Returns: and the attempts to store; nil: not now, the agent is to send them again.
    @inline(never)
    private func take(
        _ report: CheckedReport, from agent: String, _ attendance: inout ReportBoard.Attendance?
    ) throws -> (ReportReception, [Fleet.FinishedAttempt]?) {
        guard isReady else { throw ReportRefusal.notReady }
        hearHeartbeats()
        guard let node = cluster.nodes[report.node] else { throw ReportRefusal.unknownNode(report.node) }
        hearAgent(agent, of: report)
        let isStandby = standsBy(agent, on: report.node)
        attendance = reports.attend(report.node, agent: agent, standsBy: isStandby)
        if isStandby || !tellsOfNode(report) { return takeAttempts(of: report, from: agent, isStandby: isStandby) }
        takenOver.remove(report.node)
        waiters.notify(node: report.node)
        refusals[report.node] = nil
        noteCuts(of: report)
        noteSilence(of: report.node, at: clock.now)
        noteOrders(of: report.node)
        var report = report
        let (references, lastAttempt) = keepOrderedAttempts(of: &report, from: agent)
        let former = fleet.nodes[report.node]?.bootID
        let ingestion = fleet.ingest(report, platform: node.platform, at: clock.now, using: &random)
        noteAgent(agent, of: report.node)
        let ordered = count(ingestion.attempts, of: references)
        let news = ingestion.transitions.count + ordered.count
        let isTold = news == 0 || mayTell(news, of: report.node)
        // In restricted mode agents are a former template's; what pods say counts.
        if !isRestricted, isTold { tell(ingestion.transitions) }
        noteKubeletAttempts(ingestion.kubeletAttempts)
        noteHeard(report.node, at: clock.now)
        // A new agent's word proves its pod's template, even where no cell changes.
        if news > 0 || lastAttempt != nil || former != report.bootID {
            if isTold { signal.yield() } else { signalSoon() }
        }
        let newFailures = Set(ingestion.newFailures.map(\.id))
        logFailures(ordered.filter { newFailures.contains($0.id) })
        let reception = ReportReception(
            node: report.node, agent: agent, bootID: report.bootID, sequence: report.sequence,
            lastAttempt: lastAttempt, needsFull: ingestion.needsFull)
        return (reception, isTold ? ordered : nil)
    }

    /// Takes of a report only what its agent did before: of the node another one tells, or has told.
    private func takeAttempts(
        of report: CheckedReport, from agent: String, isStandby: Bool
    ) -> (ReportReception, [Fleet.FinishedAttempt]?) {
        noteCuts(of: report)
        if let pod = cluster.pods[agent], refusals[pod.node]?.pod == pod.name { refusals[pod.node] = nil }
        var report = report
        let (references, lastAttempt) = keepOrderedAttempts(of: &report, from: agent)
        let attempts = count(fleet.attempts(of: report, at: clock.now), of: references)
        let isTold = attempts.isEmpty || mayTell(attempts.count, of: report.node)
        let reception = ReportReception(
            node: report.node, agent: agent, bootID: report.bootID, sequence: report.sequence,
            lastAttempt: lastAttempt, needsFull: !isStandby && report.runtime.listed)
        return (reception, isTold ? attempts : nil)
    }

    /// Counts a report's attempts, each once, and names them as they were ordered.
    private func count(
        _ attempts: [Fleet.FinishedAttempt], of references: [UInt64: String]
    ) -> [Fleet.FinishedAttempt] {
        let ordered = attempts.map { attempt in
            var attempt = attempt
            attempt.reference = references[attempt.id] ?? attempt.reference
            return attempt
        }
        for attempt in attemptTally.new(ordered) { Instruments.attempt(attempt) }
        return ordered
    }

    @inline(never)
    private func answer(
        _ receipt: ReportReception, after generation: UInt64, databaseID: String
    ) -> WireReportReply {
        var reply = WireReportReply()
        reply.acknowledgedSequence = receipt.sequence
        reply.sendFull = receipt.needsFull
        reply.acknowledgedAttempt = receipt.isCommitted ? receipt.lastAttempt ?? 0 : 0
        reply.databaseID = databaseID
        if standsBy(receipt.agent, on: receipt.node) {
            if generation != Self.standby.generation { reply.assignment = Self.standby }
            return reply
        }
        // What the agent has already isn't said again: with a hundred images it's 6 KB.
        let node = fleet.nodes[receipt.node]
        let isNewest = node?.bootID == receipt.bootID
        if isNewest, node?.generation == generation { return reply }
        reply.assignment = fleet.assignment(node: receipt.node)
        reply.assignment.containerRuntimeVersion = cluster.nodes[receipt.node]?.containerRuntimeVersion ?? ""
        noteOrders(of: receipt.node)
        // The orders are those of the node's newest process.
        if !isNewest { reply.assignment.pulls = [] }
        return reply
    }

    /// Ends all long polls, and lets no other begin: the coordinator ends.
    package func endWaits() {
        isEnding = true
        waiters.notifyAll()
        reports.end()
        waitTimer?.task.cancel()
        waitTimer = nil
    }

    /// There's news for a node's agent, or from it.
    func wakeAgent(of node: String) {
        waiters.notify(node: node)
        reports.close(node)
    }

    /// There's news for all agents.
    func wakeAgents() {
        waiters.notifyAll()
        reports.closeAll()
    }

    /// Waits until there's news for the agent whose report that was.
    package func waitForNews(_ reception: ReportReception, wait: Duration) async {
        guard let ticket = reception.ticket, reports.isCurrent(ticket) else { return }
        await waitForNews(node: reception.node, wait: wait)
    }

    private func waitForNews(node: String, wait: Duration) async {
        guard !isEnding else { return }
        let deadline = ContinuousClock.now.advanced(by: wait)
        let id = waiters.begin(node: node, until: deadline)
        wakeWaiters(at: deadline)
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiters.add($0, id: id) }
        } onCancel: {
            Task { await endWait(id: id) }
        }
    }

    private func endWait(id: UInt64) { waiters.end(id: id) }

    /// One timer for all waits: a task for each would take 2 KB.
    private func wakeWaiters(at deadline: ContinuousClock.Instant) {
        if let waitTimer, waitTimer.due <= deadline { return }
        waitTimer?.task.cancel()
        let task = Task {
            try? await Task.sleep(until: deadline, clock: .continuous)
            if !Task.isCancelled { endDueWaits() }
        }
        waitTimer = (deadline, task)
    }

    private func endDueWaits() {
        waitTimer = nil
        waiters.end(at: .now)
        // Those that are over at nearly the same time end together.
        if let next = waiters.nextDeadline { wakeWaiters(at: max(next, .now + .milliseconds(50))) }
    }

    func logFailures(_ attempts: [Fleet.FinishedAttempt]) {
        for attempt in withoutProbes(attempts) {
            logger.warning(
                "a pull failed",
                metadata: [
                    "node": "\(attempt.node)", "reference": "\(attempt.reference)",
                    "reason": "\(attempt.reason?.rawValue ?? "")", "error": "\(attempt.message)",
                ])
        }
    }
}

/// Why a report is refused.
package enum ReportRefusal: Error, Equatable {
    /// No revision is accepted yet, or the cluster isn't listed yet.
    case notReady
    case unknownNode(String)
}
