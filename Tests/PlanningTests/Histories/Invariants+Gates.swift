import Cluster
import ImageSets
import PlannedCluster
import Planning
import Supervision

extension Invariants {
    /// No node loses its startup taint before its images are known to be there, or the timeout is over.
    func gates(in cluster: PlannedCluster) -> String? {
        guard let gate = cluster.configuration.scheduling.nodeReadyGate else { return nil }
        for opening in cluster.newOpenings {
            let what = "\(opening.node) lost its startup taint"
            // What is only pulled beforehand nobody waits for.
            let further = cluster.sets.filter {
                guard let scheduling = $0.configuration?.scheduling, let node = cluster.cluster.nodes[opening.node]
                else {
                    return false
                }
                return scheduling.selects(node)
            }
            let own = cluster.isSelected(opening.node) ? cluster.configuration.images.map(\.reference) : []
            let isThere = (own + further.flatMap(\.references)).allSatisfy {
                cluster.fleet.column(of: $0).map {
                    cluster.fleet.state(node: opening.node, column: $0, now: cluster.now).isPresent
                } ?? false
            }
            if opening.lacking.isEmpty {
                if !isThere { return "\(what), though not everything is known to be there" }
                continue
            }
            if isThere { return "\(what) for the timeout, though everything is there" }
            // With another run comes another clock, by which a node can have become ready in the future.
            let ready = cluster.cluster.nodes[opening.node]?.conditions.first?.since ?? cluster.now
            let isEarly = cluster.clockError == 0 && ready + Double(gate.timeoutSeconds) > cluster.now
            if opening.seconds < Double(gate.timeoutSeconds) || isEarly {
                return "\(what) after \(opening.seconds) s, before the timeout"
            }
        }
        return nil
    }
}
