import Cluster
import History
import Logging
import Planning
import Shared
import Telemetry

extension ControlLoop {
    /// Those attempts that are of orders; the others are counted, and are no more than that.
    func believed(_ attempts: [Fleet.FinishedAttempt], wire: [WireAttempt]) -> [Fleet.FinishedAttempt] {
        guard let node = attempts.first?.node else { return [] }
        let listed = Dictionary(
            fleet.references.flatMap { [($0.normalised, $0.written), ($0.written, $0.written)] },
            uniquingKeysWith: { first, _ in first })
        let believed = zip(attempts, wire).compactMap { attempt, wire -> Fleet.FinishedAttempt? in
            guard let reference = givenOrders.reference(of: wire, node: node, listed: listed) else { return nil }
            var attempt = attempt
            attempt.reference = reference
            return attempt
        }
        if believed.count < attempts.count {
            Instruments.reportCut("attempts", by: attempts.count - believed.count)
        }
        return believed
    }

    /// The orders that a node has now are given, if it is heard of them or not.
    func noteOrders(of node: String) {
        let now = clock.now
        for order in fleet.orders(of: node) where order.puller == .agent {
            givenOrders.note(order.id, order.reference.written, of: node, at: now)
        }
        givenOrders.sweep(at: now)
    }

    /// A report held up everything else for so long.
    func noteHold(since start: ContinuousClock.Instant) {
        let seconds = start.duration(to: .now) / .seconds(1)
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
