import Cluster
import Glibc
import History
import Logging
import Planning
import Shared
import Telemetry

extension ControlLoop {
    /// Bytes of attempts that are taken of one report: to read what a thousand long messages mean takes half a second.
    private static let attemptBytes = 64 << 10
    /// Of an attempt without its message.
    private static let attemptWeight = 128

    /// Leaves out of a report the attempts that are of no order; they are counted, and are no more than that. Of the others
    /// no more are taken than is quickly done: the agent sends the rest again, as they aren't acknowledged.
    ///
    /// - Returns: the references of those that stay, by the attempts' ids, and the newest id that is done with.
    func keepOrderedAttempts(
        of report: inout CheckedReport, from agent: String
    ) -> (references: [UInt64: String], last: UInt64?) {
        guard !report.attempts.isEmpty else { return ([:], nil) }
        var (bytes, last) = (0, UInt64(0))
        for attempt in report.attempts.sorted(by: { $0.id < $1.id }) {
            bytes += attempt.message.utf8.count + Self.attemptWeight
            guard bytes <= Self.attemptBytes || last == 0 else { break }
            last = attempt.id
        }
        report.keepAttempts { $0.id <= last }
        let (node, bootID, count) = (report.node, report.bootID, report.attempts.count)
        var references: [UInt64: String] = [:]
        report.keepAttempts { attempt in
            references[attempt.id] = givenOrders.reference(
                of: attempt, bootID: bootID, node: node, from: agent, listed: { fleet.written($0) })
            return references[attempt.id] != nil
        }
        if report.attempts.count < count { Instruments.reportCut("attempts", by: count - report.attempts.count) }
        return (references, last)
    }

    /// Whether so many changes of a node may be written down now. If not, its state is, as soon as there's room.
    func mayTell(_ changes: Int, of node: String) -> Bool {
        guard !changeBudget.take(changes, node, images: fleet.listedColumns.count, at: clock.now) else { return true }
        untold.insert(node)
        Instruments.reportCut("changes", by: changes)
        return false
    }

    /// A node whose changes are too many to be written down is planned for, but not at each of them.
    func signalSoon() {
        guard !isSignalDue else { return }
        isSignalDue = true
        Task {
            try? await Task.sleep(for: .seconds(1))
            isSignalDue = false
            signal.yield()
        }
    }

    /// Has the state of nodes told whose changes were too many, as far as there's room again.
    ///
    /// - Returns: those nodes.
    func takeTellable() -> Set<String> {
        let now = clock.now
        let images = fleet.listedColumns.count
        let due = untold.filter { changeBudget.take(images + 1, $0, images: images, at: now) }
        untold.subtract(due)
        changeBudget.sweep(images: images, at: now)
        return due
    }

    /// The orders that a node has now are given, if it is heard of them or not.
    func noteOrders(of node: String) {
        let now = clock.now
        let agent = reports.agent(of: node)
        for order in fleet.orders(of: node) where order.puller == .agent {
            givenOrders.note(order.id, order.reference.written, of: node, to: agent, at: now)
        }
        givenOrders.sweep(at: now)
    }

    /// Seconds of a processor that this thread has had. What other programs take meanwhile is no report's cost.
    static var processorTime: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// A report took the control loop so long, while everything else waited.
    ///
    /// - Parameter start: ``processorTime`` before it. Nothing was awaited since.
    func noteHold(since start: Double) {
        let seconds = Self.processorTime - start
        guard seconds > longestHold else { return }
        longestHold = seconds
        Instruments.longestHold(seconds: seconds)
    }

    /// What was cut off a report is counted, and said of its node.
    func noteCuts(of report: CheckedReport) {
        let cuts = report.cuts
        guard cuts != reportCuts[report.node] ?? .init() else { return countCuts(cuts) }
        reportCuts[report.node] = cuts.isEmpty ? nil : cuts
        guard !cuts.isEmpty else { return }
        countCuts(cuts)
        // One that sends such reports without end must not fill the log.
        let now = clock.now
        guard cutsLogged[report.node].map({ $0 + 60 <= now }) ?? true else { return }
        cutsLogged[report.node] = now
        logger.warning(
            "an agent's report had parts that can't be true, or are too large; they were left out",
            metadata: [
                "node": "\(report.node)", "names": "\(cuts.names)", "texts": "\(cuts.texts)",
                "numbers": "\(cuts.numbers)",
            ])
    }

    private func countCuts(_ cuts: CheckedReport.Cuts) {
        for (what, count) in [("names", cuts.names), ("texts", cuts.texts), ("numbers", cuts.numbers)] where count > 0 {
            Instruments.reportCut(what, by: count)
        }
    }
}
