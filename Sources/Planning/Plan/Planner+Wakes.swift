import Cluster
import ImageSets
import Shared

extension Planner {
    /// Pods with containers whose image has come: their kubelets look at once when the pod is updated, else within 15 s.
    ///
    /// Of what a container of somebody else's holds nothing is lost by waiting.
    func planWakes(_ unheld: UnheldEntries, _ plan: inout Plan) {
        guard let template, configuration.runtimeSocket != .none, !unheld.columns.isEmpty else { return }
        let replaced = Set(plan.replacements.map(\.uid))
        var candidates: [(last: Timestamp?, wake: Plan.Wake)] = []
        for pod in cluster.pods.values where pod.template == template && !pod.isTerminating {
            // A pod of another template may wait for what its name meant before.
            guard let columns = unheld.columns[pod.node], !replaced.contains(pod.uid) else { continue }
            let waitingColumns = columns.filter {
                pod.containers[configuration.images[$0].container]?.waitingReason == "ErrImageNeverPull"
            }
            guard !waitingColumns.isEmpty else { continue }
            let waiting = Set(waitingColumns.map { configuration.images[$0].container })
            plan.waiting[pod.node, default: []].formUnion(waitingColumns.map { fleet.references[$0].normalised })
            if let due = fleet.wakeBook.due(pod.uid, entries: waiting, hasMore: hasMore(pod.node)), due > now {
                plan.lookAgain(at: due)
                continue
            }
            candidates.append(
                (
                    fleet.wakeBook.lastWake(of: pod.uid),
                    Plan.Wake(pod: pod.name, uid: pod.uid, node: pod.node, entries: waiting)
                ))
        }
        // Who was woken last waits longest; the names make the order the same in every run.
        candidates.sort {
            ($0.last?.milliseconds ?? .min, $0.wake.node) < ($1.last?.milliseconds ?? .min, $1.wake.node)
        }
        let room = fleet.wakeBook.room(at: now)
        plan.wakes = candidates.prefix(room).map(\.wake)
        if candidates.count > room {
            plan.lookAgain(at: fleet.wakeBook.nextRoom(at: now) ?? now + 1)
        }
    }

    /// Whether more of the node's images may come any moment.
    private func hasMore(_ name: String) -> Bool {
        guard let node = fleet.nodes[name] else { return false }
        return fleet.entryColumns.contains { column in
            guard column < node.cells.count else { return false }
            switch node.cells[column] {
            case .pulling, .missing: return true
            case .failed:
                let failure = node.failures[fleet.references[column].normalised]
                return failure.map { $0.nextAttempt <= now + WakeBook.pause } ?? true
            case .unknown, .present, .held, .unwanted: return false
            }
        }
    }
}
