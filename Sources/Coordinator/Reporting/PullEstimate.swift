import Cluster
import ImageSets
import Planning
import Shared

/// How long it takes until everything that can come has come, by pull times that were measured.
package struct PullEstimate: Sendable {
    /// Nil when nothing was measured. What fails for good isn't waited for.
    package var secondsLeft: Double?

    /// - Parameter medians: seconds of a pull by reference; of all pulls under the empty one.
    package init(_ snapshot: Snapshot, medians: [String: Double]) {
        let images = snapshot.images
        var work = 0.0
        var longest = 0.0
        var pulling = 0
        var busiest = 0.0
        let targets = snapshot.targetNodes
        for node in snapshot.targetCells() where node.isKnown {
            var own = 0.0
            for (column, state) in zip(images.indices, node.row.states) where state.isAbsent {
                if state == .failed, node.failure(column)?.reason.isPermanent == true { continue }
                // It waits for another node, on which it fails for good.
                if state == .missing,
                    snapshot.fleet.isHeldBack(
                        column: targets.cells.fleetColumn(column), platform: node.node.platform)
                {
                    continue
                }
                guard let seconds = medians[images[column].reference.written] ?? medians[""] else { return }
                var left = seconds
                if state == .pulling {
                    pulling += 1
                    let order = snapshot.fleet.orders(of: node.name)
                        .first { $0.reference.normalised == images[column].reference.normalised }
                    if let order { left = Self.rest(of: seconds, after: snapshot.now, since: order.assignedAt) }
                }
                work += left
                own += left
                longest = max(longest, left)
            }
            busiest = max(busiest, own / Double(Planner.pullsPerNode))
        }
        guard !medians.isEmpty else { return }
        // As many at once as now; when nothing runs yet, as many as may.
        let width = Double(
            max(1, pulling > 0 ? pulling : min(targets.nodes.count, snapshot.configuration.pullMaxParallel)))
        secondsLeft = work == 0 ? 0 : max(work / width, longest, busiest)
    }

    /// What a pull that runs still takes. One that takes longer than most is never about to end at once: a tenth.
    private static func rest(of seconds: Double, after now: Timestamp, since start: Timestamp) -> Double {
        let elapsed = Double(max(0, now.milliseconds(since: start))) / 1000
        return max(seconds - elapsed, seconds / 10)
    }
}
