import Cluster
import Shared

/// Before all turns: pulls that broke off while content came, and those whose remedy is to be tried.
extension PullPlanning {
    /// What a broken pull has fetched is lost within a second, so such a pull keeps its place in the registry's window,
    /// even where that is smaller by now; never beyond the cap, nor while the registry is left alone.
    mutating func resume(_ plan: inout Plan) {
        for column in fleet.references.indices {
            let registry = fleet.references[column].registry
            guard !fleet.index.failed[column].isEmpty, isServing(registry) else { continue }
            let failed = wanting(column, among: fleet.index.failed[column].intersection(idle.union(half)))
            var due: [Int] = []
            failed.forEach { slot in
                guard let failure = failure(slot, column), failure.immediate.isDue, failure.nextAttempt <= now
                else { return }
                due.append(slot)
            }
            for slot in due where spare[registry, default: 0] > 0 { start(slot, column, &plan) }
        }
    }
}
