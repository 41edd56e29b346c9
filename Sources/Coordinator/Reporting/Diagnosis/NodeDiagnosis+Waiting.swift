import Cluster
import Formatting
import ImageSets
import Planning
import RegistryPacing
import Shared

/// Images that nobody pulls yet, with what they wait for.
extension NodeDiagnosis {
    func wait(_ images: [ImageEntry], _ view: NodeView) -> Cause {
        let own = snapshot.fleet.orders(of: node).count
        var found: [Cause.Evidence] = []
        if own >= Planner.pullsPerNode {
            found.append(evidence("node \(node)", "pulls at once", "\(own), which is the most that a node runs"))
        }
        for registry in Set(images.map(\.reference.registry)).sorted() { found.append(pace(of: registry)) }
        let names = images.map(\.name)
        return Cause(
            kind: .waiting,
            summary: "\(Self.list(names)) \(names.count == 1 ? "waits" : "wait") for a turn to be pulled",
            evidence: found, nextStep: "none; PULL_MAX_PARALLEL raises the cap, if the registry can bear more",
            planned: plannedTurn(view), images: names)
    }

    private func plannedTurn(_ view: NodeView) -> String {
        if !view.isReady { return "pulled when the node is ready" }
        if view.hasDiskPressure { return "pulled when the node is no longer short of disk" }
        return "pulled as soon as the node and the registry have room"
    }

    /// How many pulls the registry is given at once, and why no more.
    private func pace(of registry: String) -> Cause.Evidence {
        let cap = snapshot.configuration.pullMaxParallel
        let running = snapshot.fleet.orders.count { $0.order.reference.registry == registry }
        let pace = snapshot.fleet.experience.registries[registry] ?? RegistryPace()
        let object = "registry \(registry)"
        if let opened = pace.circuit.openedAt {
            return evidence(
                object, "pulls at once",
                "it fails on many nodes; one at a time asks whether it answers again", since: opened)
        }
        if let until = pace.pausedUntil, until > snapshot.now {
            return evidence(object, "pulls at once", "none: it asked to be left alone until \(until.rfc3339)")
        }
        let window = Int(pace.window)
        return evidence(
            object, "pulls at once",
            window < cap
                ? "\(running) of \(window), which grows while it answers well (PULL_MAX_PARALLEL is \(cap))"
                : "\(running) of \(cap) (PULL_MAX_PARALLEL)")
    }
}
