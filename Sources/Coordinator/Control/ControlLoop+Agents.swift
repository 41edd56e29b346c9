import History
import Logging
import Planning
import Shared
import Telemetry

extension ControlLoop {
    /// Takes a report and answers it, at the latest when the wait is over.
    ///
    /// - Parameters:
    ///   - generation: the assignment that the agent has.
    ///   - wait: how long the answer may wait for another one.
    ///   - whenTaken: called as soon as the report is taken or refused.
    /// - Throws: ``ReportRefusal``.
    package func ingest(
        _ report: WireReport, after generation: UInt64, wait: Duration, whenTaken: @Sendable () -> Void = {}
    ) async throws -> WireReportReply {
        let start = ContinuousClock.now
        let taken = Result { try take(report) }
        whenTaken()
        let (receipt, attempts) = try taken.get()
        let isCommitted = await history.commit(attempts)
        Instruments.reportTaken(since: start)

        // Attempts that can't be stored come again with every report: they are no reason to answer at once.
        let isNews = receipt.needsFull || (isCommitted && receipt.lastAttempt != nil)
        if !isNews, wait > .zero, fleet.nodes[receipt.node]?.generation == generation {
            await waitForNews(node: receipt.node, wait: wait)
        }
        let databaseID = await history.databaseID
        return answer(receipt, after: generation, isCommitted: isCommitted, databaseID: databaseID)
    }

    /// Lets an agent wait until reports can be taken, instead of sending it away to come again later. What it sends stays
    /// with its connection meanwhile, 60 KB for each, so of thousands only the first ones wait.
    package func untilReady(patience: Duration) async {
        guard hasPlaceToWait else { return }
        let deadline = ContinuousClock.now + patience
        arriving += 1
        defer { arriving -= 1 }
        while !isReady, !isEnding, !Task.isCancelled, .now < deadline {
            await waitForNews(node: Self.anyNode, wait: ContinuousClock.now.duration(to: deadline))
        }
    }

    /// Agents that wait for the first lists at most. In a cluster of so many nodes those come within a second.
    static let maximumArriving = 200

    /// Whether an agent that comes now is to wait until reports can be taken.
    package var hasPlaceToWait: Bool { !isReady && arriving < Self.maximumArriving }

    /// Whether reports can be taken.
    var isReady: Bool { configuration != nil && cluster.isSynced }

    /// What agents wait for before their node counts; no node is named so.
    static let anyNode = ""

    /// What is left of a report until it's answered. Thousands of agents wait, so it is little.
    private struct Receipt {
        var node: String
        var bootID: String
        var sequence: UInt64
        /// The largest id of its attempts; nil: it had none.
        var lastAttempt: UInt64?
        var needsFull: Bool
    }

    /// Not a part of ``ingest(_:after:wait:)``, where all that it needs would be kept while agents wait: 9 KB for each.
    @inline(never)
    private func take(_ report: WireReport) throws -> (Receipt, [Fleet.FinishedAttempt]) {
        guard !report.node.isEmpty, !report.bootID.isEmpty, report.sequence > 0 else {
            throw ReportRefusal.incomplete
        }
        guard isReady else { throw ReportRefusal.notReady }
        guard let node = cluster.nodes[report.node] else { throw ReportRefusal.unknownNode(report.node) }
        // The agent has one request at a time: an earlier one of this node was abandoned.
        waiters.notify(node: report.node)
        refusals[report.node] = nil
        noteSilence(of: report.node, at: clock.now)
        let ingestion = fleet.ingest(report, platform: node.platform, at: clock.now, using: &random)
        for attempt in attemptTally.new(ingestion.attempts) { Instruments.attempt(attempt) }
        // In restricted mode agents are a former template's; what pods say counts.
        if !isRestricted { tell(ingestion.transitions) }
        noteKubeletAttempts(ingestion.kubeletAttempts)
        noteHeard(report.node, at: clock.now)
        if !ingestion.transitions.isEmpty || !report.attempts.isEmpty { signal.yield() }
        logFailures(ingestion.newFailures)
        let receipt = Receipt(
            node: report.node, bootID: report.bootID, sequence: report.sequence,
            lastAttempt: report.attempts.map(\.id).max(), needsFull: ingestion.needsFull)
        return (receipt, ingestion.attempts)
    }

    @inline(never)
    private func answer(
        _ receipt: Receipt, after generation: UInt64, isCommitted: Bool, databaseID: String
    ) -> WireReportReply {
        var reply = WireReportReply()
        reply.acknowledgedSequence = receipt.sequence
        reply.sendFull = receipt.needsFull
        reply.acknowledgedAttempt = isCommitted ? receipt.lastAttempt ?? 0 : 0
        reply.databaseID = databaseID
        // What the agent has already isn't said again: with a hundred images it's 6 KB.
        let node = fleet.nodes[receipt.node]
        let isNewest = node?.bootID == receipt.bootID
        if isNewest, node?.generation == generation { return reply }
        reply.assignment = fleet.assignment(node: receipt.node)
        // The orders are those of the node's newest process.
        if !isNewest { reply.assignment.pulls = [] }
        return reply
    }

    /// Ends all long polls, and lets no other begin: the coordinator ends.
    package func endWaits() {
        isEnding = true
        waiters.notifyAll()
        waitTimer?.task.cancel()
        waitTimer = nil
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
        for attempt in attempts {
            logger.warning(
                "a pull failed",
                metadata: [
                    "node": "\(attempt.node)", "reference": "\(attempt.reference)",
                    "reason": "\(attempt.reason?.rawValue ?? "")", "message": "\(attempt.message)",
                ])
        }
    }
}

/// Why a report is refused.
package enum ReportRefusal: Error, Equatable {
    case incomplete
    /// No revision is accepted yet, or the cluster isn't listed yet.
    case notReady
    case unknownNode(String)
}
