import Cluster
import ImageSets
import RegistryPacing
import Shared

/// How many more pulls registries are given, and nodes can make.
extension PullPlanning {
    /// Pulls that nodes may be running that an earlier run of the coordinator told so, and that haven't been heard yet.
    func unheardPulls() -> Int {
        let pods = planner.cluster.pods.values.lazy.filter { pod in
            fleet.nodes[pod.node] == nil && !pod.isTerminating && pod.isWorking(under: planner.configuration)
        }
        return Set(pods.map(\.node)).count * Planner.pullsPerNode
    }

    mutating func countRunning(unheard: Int) {
        var running: [String: Int] = [:]
        var late: [String: Int] = [:]
        for (node, order) in fleet.orders {
            guard let slot = fleet.slots.numbers[node], counted.contains(slot) else { continue }
            let registry = order.reference.registry
            running[registry, default: 0] += 1
            busy[slot, default: 0] += 1
            // Of a node that is silent nobody knows whether it tries.
            if platforms[slot] >= 0 { trying[order.trial, default: 0] += 1 }
            if order.puller == .agent { agentsTry.insert(order.reference.normalised) }
            if let passes = passes(order), passes <= now { passed.insert(order.trial) }
            if fleet.hangs(order) <= now {
                hanging.insert(slot)
                late[registry, default: 0] += 1
            }
        }
        var ending: [String: Int] = [:]
        for pull in fleet.ending.values where pull.until > now {
            guard let slot = fleet.slots.numbers[pull.node], counted.contains(slot) else { continue }
            ending[pull.registry, default: 0] += 1
            busy[slot, default: 0] += 1
        }
        for reference in fleet.references where room[reference.registry] == nil {
            let registry = reference.registry
            let ordered = running[registry] ?? 0
            let cap = planner.configuration.pullMaxParallel - ordered - (ending[registry] ?? 0) - unheard
            spare[registry] = cap
            var left = window(of: registry) - ordered
            // Where all pulls hang, one more runs beside them, or in the place of one.
            if min(cap, left) <= 0, ordered > 0, ordered == late[registry], isServing(registry) {
                left = max(left, 1)
                if cap <= 0 { full.insert(registry) }
            }
            room[registry] = max(0, min(cap, left))
        }
    }

    /// Where the cap leaves no room beside pulls that all hang, the oldest makes room, if its place is wanted.
    func giveUp(_ plan: inout Plan) {
        for registry in full where !fleet.ending.values.contains(where: { $0.registry == registry }) {
            let late = fleet.orders.filter { $1.reference.registry == registry && $1.puller == .agent }
            guard let (node, order) = late.min(by: { ($0.1.assignedAt, $0.1.id) < ($1.1.assignedAt, $1.1.id) }) else {
                continue
            }
            let isWanted = fleet.references.indices.contains { column in
                fleet.references[column].registry == registry && self.order.contains { isDue($0, column) }
            }
            if fleet.isGivenUp(order) > now {
                plan.lookAgain(at: fleet.isGivenUp(order))
            } else if isWanted {
                plan.cancellations.append(Plan.Cancellation(node: node, order: order.id, isGivenUp: true))
            }
        }
    }

    /// When a pull that still runs has got past what a broken reference fails at. A kubelet's pod says too little.
    func passes(_ order: PullOrder) -> Timestamp? {
        guard order.puller == .agent, !order.isRefresh, let begun = order.begunAt else { return nil }
        return begun + max(fleet.experience.patience(with: order.reference.registry), fleet.waitsInside(order))
    }

    /// Whether nothing speaks against asking the registry.
    func isServing(_ registry: String) -> Bool {
        guard let pace = fleet.experience.registries[registry] else { return true }
        return !pace.circuit.isOpen && pace.pausedUntil.map { $0 <= now } ?? true
    }

    /// What the registry's pace and circuit allow at once.
    private func window(of registry: String) -> Int {
        guard let pace = fleet.experience.registries[registry] else { return Int(RegistryPace.first) }
        if let until = pace.pausedUntil, until > now { return 0 }
        guard pace.circuit.isOpen else { return Int(pace.window) }
        // Pulls from before the outage may hang for long; one that was started since is the probe.
        guard let opened = pace.circuit.openedAt, let next = pace.circuit.nextProbe, next <= now else { return 0 }
        let old = fleet.orders.count { node, order in
            order.reference.registry == registry && order.assignedAt < opened
                && fleet.slots.numbers[node].map(counted.contains) ?? false
        }
        return old + 1
    }
}
