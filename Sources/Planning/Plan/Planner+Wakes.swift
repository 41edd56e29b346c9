import Cluster
import ImageSets
import Shared

extension Planner {
    /// Pods with containers whose image has come: their kubelets look at once when the pod is updated, else within 15 s.
    ///
    /// Of what a container of somebody else's holds nothing is lost by waiting.
    static func planWakes(_ held: [(Planner, UnheldEntries)], _ plan: inout Plan) {
        guard let first = held.first?.0 else { return }
        let (book, now) = (first.fleet.wakeBook, first.now)
        var candidates: [(last: Timestamp?, wake: Plan.Wake)] = []
        for (planner, unheld) in held { planner.findWakes(unheld, &candidates, &plan) }
        // Who was woken last waits longest; the names make the order the same in every run.
        candidates.sort {
            ($0.last?.milliseconds ?? .min, $0.wake.node, $0.wake.pod)
                < ($1.last?.milliseconds ?? .min, $1.wake.node, $1.wake.pod)
        }
        let room = book.room(at: now)
        plan.wakes = candidates.prefix(room).map(\.wake)
        if candidates.count > room { plan.lookAgain(at: book.nextRoom(at: now) ?? now + 1) }
    }

    private func findWakes(
        _ unheld: UnheldEntries, _ candidates: inout [(last: Timestamp?, wake: Plan.Wake)], _ plan: inout Plan
    ) {
        guard let template, configuration.runtimeSocket != .none else { return }
        let shared = Set(sharedEntries)
        let replaced = Set(plan.replacements.map(\.uid))
        let waitingPods = cluster.pods.waiting(of: set)
        let waitingUIDs = Set(waitingPods.lazy.map(\.uid))
        let lackingPods =
            successor.frame == nil ? [] : cluster.pods.holding(fewerThan: configuration.images.count, of: set)
        var lacks = LackedEntries(configuration)
        for pod in waitingPods + lackingPods.filter({ !waitingUIDs.contains($0.uid) })
        where pod.template == template && !pod.isTerminating {
            // A pod of another template may wait for what its name meant before.
            guard !replaced.contains(pod.uid) else { continue }
            let waitingEntries = (waitingUIDs.contains(pod.uid) ? columns.indices : 0..<0).filter {
                guard let container = pod.containers[configuration.images[$0].container], !container.isRunning else {
                    return false
                }
                let state = fleet.state(node: pod.node, column: columns[$0], now: now)
                if state.isPresent, fleet.isInUse(node: pod.node, column: columns[$0]),
                    let trouble = container.contentTrouble
                {
                    plan.unusable[pod.node, default: [:]][fleet.references[columns[$0]].normalised] = trouble
                }
                return container.waitingReason == "ErrImageNeverPull" && state.isPresent
            }
            let additions = successor.frame == nil ? [:] : additions(to: pod, lacks.entries(of: pod))
            guard !waitingEntries.isEmpty || !additions.isEmpty else { continue }
            if !waitingEntries.isEmpty {
                plan.waiting[pod.node, default: []].formUnion(
                    waitingEntries.map { fleet.references[columns[$0]].normalised })
            }
            let entries = shared.union(unheld.entries[pod.node] ?? [])
            let waiting = Set(
                waitingEntries.lazy.filter(entries.contains).map { configuration.images[$0].container }
            ).union(additions.keys)
            guard !waiting.isEmpty else { continue }
            if let due = fleet.wakeBook.due(pod.uid, entries: waiting, hasMore: hasMore(pod.node)), due > now {
                plan.lookAgain(at: due)
                continue
            }
            candidates.append(
                (
                    fleet.wakeBook.lastWake(of: pod.uid),
                    Plan.Wake(
                        set: set, pod: pod.name, uid: pod.uid, node: pod.node, entries: waiting, additions: additions)
                ))
        }
    }

    /// The set's entries whose container may wait though another one uses the image: that of the same content's other name, or
    /// another set's.
    private var sharedEntries: [Int] {
        let shared = fleet.sharedColumns
        return shared.isEmpty ? [] : columns.indices.filter { shared.contains(columns[$0]) }
    }

    /// Whether more of the node's images may come any moment.
    private func hasMore(_ name: String) -> Bool {
        guard let node = fleet.nodes[name] else { return false }
        return columns.contains { column in
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
