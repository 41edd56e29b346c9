import Shared

/// How many more pulls registries are given, and nodes can make.
extension PullPlanning {
    /// Pulls that nodes may be running that an earlier run of the coordinator told so, and that haven't been heard yet.
    func unheardPulls() -> Int {
        planner.cluster.pods.values.count { pod in
            fleet.nodes[pod.node] == nil && !pod.isTerminating && pod.isWorking(under: planner.configuration)
        } * Planner.pullsPerNode
    }

    mutating func countRunning(unheard: Int) {
        var running: [String: Int] = [:]
        for (node, order) in fleet.orders {
            running[order.reference.registry, default: 0] += 1
            trying[order.trial, default: 0] += 1
            if order.puller == .agent { agentsTry.insert(order.reference.normalised) }
            if let slot = fleet.slots.numbers[node] { busy[slot, default: 0] += 1 }
        }
        var ending: [String: Int] = [:]
        for pull in fleet.ending.values where pull.until > now {
            ending[pull.registry, default: 0] += 1
            if let slot = fleet.slots.numbers[pull.node] { busy[slot, default: 0] += 1 }
        }
        for reference in fleet.references where room[reference.registry] == nil {
            let registry = reference.registry
            let ordered = running[registry] ?? 0
            let cap = planner.configuration.pullMaxParallel - ordered - (ending[registry] ?? 0) - unheard
            room[registry] = max(0, min(cap, window(of: registry) - ordered))
        }
    }

    /// What the registry's pace and circuit allow at once.
    private func window(of registry: String) -> Int {
        guard let pace = fleet.experience.registries[registry] else { return Int(RegistryPace.first) }
        if let until = pace.pausedUntil, until > now { return 0 }
        guard pace.circuit.isOpen else { return Int(pace.window) }
        // Pulls from before the outage may hang for long; one that was started since is the probe.
        guard let opened = pace.circuit.openedAt, let next = pace.circuit.nextProbe, next <= now else { return 0 }
        let old = fleet.orders.count { $0.order.reference.registry == registry && $0.order.assignedAt < opened }
        return old + 1
    }
}
