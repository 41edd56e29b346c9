import Cluster
import ImageSets
import Shared

/// A set's image entries that are present on a node and that no container uses.
struct UnheldEntries {
    /// By node: their places in the list.
    private(set) var entries: [String: [Int]] = [:]

    /// In a cluster in which all is held this costs nothing.
    init(_ planner: Planner) {
        let fleet = planner.fleet
        for (entry, column) in planner.columns.enumerated() {
            fleet.index.unheld[column].forEach { slot in
                guard let name = fleet.slots.names[slot], fleet.slots.knownUntil[slot] >= planner.now.milliseconds
                else { return }
                entries[name, default: []].append(entry)
            }
        }
    }
}

extension Planner {
    /// Finds pods whose containers run, but of another image than the tag means on their node by now.
    ///
    /// A refresh of ours says so itself; this is for what an earlier run of the coordinator refreshed, and for what
    /// somebody else pulled. Pod statuses and reports don't come at the same time, so both must say so for as long as
    /// a report may be late.
    func suspectHolds(_ unheld: UnheldEntries, _ plan: inout Plan) {
        guard let template, configuration.runtimeSocket != .none, !unheld.entries.isEmpty else { return }
        for pod in cluster.pods.of(set) where pod.template == template && !pod.isTerminating {
            guard let entries = unheld.entries[pod.node], let node = fleet.nodes[pod.node] else { continue }
            let isSuspect = entries.contains { entry in
                let column = columns[entry]
                guard fleet.references[column].isMutable,
                    pod.containers[configuration.images[entry].container]?.isRunning == true
                else { return false }
                // A new pod that doesn't hold it either shows that something else is wrong.
                return fleet.imageID(node: pod.node, column: column).map { !node.replacedFor.contains($0) } ?? false
            }
            guard isSuspect else { continue }
            plan.suspects.insert(pod.uid)
            let due = (fleet.suspectedSince[pod.uid] ?? now) + (fleet.silenceSeconds + 1)
            if due > now { plan.lookAgain(at: due) }
        }
    }

    /// Whether a pod holds what a tag meant before. Where what came turns out to be no good, it isn't replaced for it.
    func holdsFormer(_ pod: PodView, _ plan: Plan) -> Bool {
        guard !plan.findsDamage(on: pod.node) else { return false }
        if let moved = fleet.nodes[pod.node]?.moved, moved.contains(where: { $0.set == set }) { return true }
        guard plan.suspects.contains(pod.uid), let since = fleet.suspectedSince[pod.uid] else { return false }
        return since + (fleet.silenceSeconds + 1) <= now
    }
}
