import Planning
import Shared

/// How long it takes until everything that can come has come, by pull times that were measured.
struct PullEstimate: Sendable {
    /// Nil when nothing was measured. What fails for good isn't waited for.
    var secondsLeft: Double?

    /// - Parameter medians: seconds of a pull by reference; of all pulls under the empty one.
    init(_ snapshot: Snapshot, medians: [String: Double]) {
        let images = snapshot.configuration.images
        var work = 0.0
        var longest = 0.0
        var pulling = 0
        var busiest = 0.0
        for node in snapshot.targets {
            guard let row = snapshot.fleet.reading(of: node.name, now: snapshot.now).row else { continue }
            var own = 0.0
            for (column, state) in zip(images.indices, row.states) where !state.isPresent {
                if state == .failed, snapshot.fleet.failure(node: node.name, column: column)?.reason.isPermanent == true
                {
                    continue
                }
                // It waits for another node, on which it fails for good.
                if state == .missing, snapshot.fleet.isHeldBack(column: column, platform: node.platform) { continue }
                guard let seconds = medians[images[column].reference.written] ?? medians[""] else { return }
                if state == .pulling { pulling += 1 }
                work += seconds
                own += seconds
                longest = max(longest, seconds)
            }
            busiest = max(busiest, own / Double(Planner.pullsPerNode))
        }
        guard !medians.isEmpty else { return }
        // As many at once as now; when nothing runs yet, as many as may.
        let width = Double(
            max(1, pulling > 0 ? pulling : min(snapshot.targets.count, snapshot.configuration.pullMaxParallel)))
        secondsLeft = work == 0 ? 0 : max(work / width, longest, busiest)
    }
}
