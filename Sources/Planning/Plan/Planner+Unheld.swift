import Cluster
import ImageSets
import Shared

/// Image entries that are present on a node and that no container uses, by node.
struct UnheldEntries {
    private(set) var columns: [String: [Int]] = [:]

    /// In a cluster in which all is held this costs nothing.
    init(_ planner: Planner) {
        let fleet = planner.fleet
        for column in fleet.entryColumns where column < planner.configuration.images.count {
            fleet.index.unheld[column].forEach { slot in
                guard let name = fleet.slots.names[slot], fleet.slots.knownUntil[slot] >= planner.now.milliseconds
                else { return }
                columns[name, default: []].append(column)
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
        guard let template, configuration.runtimeSocket != .none, !unheld.columns.isEmpty else { return }
        for pod in cluster.pods.values where pod.template == template && !pod.isTerminating {
            guard let columns = unheld.columns[pod.node], let node = fleet.nodes[pod.node] else { continue }
            let isSuspect = columns.contains { column in
                guard fleet.references[column].isMutable,
                    pod.containers[configuration.images[column].container]?.isRunning == true
                else { return false }
                // A new pod that doesn't hold it either shows that something else is wrong.
                return fleet.imageID(node: pod.node, column: column).map { !node.replacedFor.contains($0) } ?? false
            }
            guard isSuspect else { continue }
            plan.suspects.insert(pod.node)
            let due = (fleet.suspectedSince[pod.node] ?? now) + (fleet.silenceSeconds + 1)
            if due > now { plan.lookAgain(at: due) }
        }
    }

    /// Whether the node's pod holds what a tag meant before. Where what came turns out to be no good, it isn't replaced for it.
    func holdsFormer(_ node: String, _ plan: Plan) -> Bool {
        guard !plan.findsDamage(on: node) else { return false }
        if fleet.nodes[node]?.moved.isEmpty == false { return true }
        guard plan.suspects.contains(node), let since = fleet.suspectedSince[node] else { return false }
        return since + (fleet.silenceSeconds + 1) <= now
    }
}
