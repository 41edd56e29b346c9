import Cluster
import ClusterModel
import ImageSets
import Planning
import Supervision

/// The startup taint of nodes that wait for their images.
extension PlannedCluster {
    /// A node of this name has just become ready.
    mutating func markReady(_ node: inout NodeView) {
        node.conditions = [ConditionView(type: "Ready", status: "True", since: now)]
        if let gate = configuration.scheduling.nodeReadyGate { node.taints = [gate.taint] }
    }

    mutating func planGates(_ plan: inout Plan) -> [GateOpening] {
        gates.openings(
            &plan, configuration: configuration, cluster: cluster, fleet: fleet,
            template: hasPods ? template : nil, further: hasPods ? held : [], now: now)
    }

    /// The API server may refuse, as everything may get lost.
    mutating func openGates() {
        for opening in newOpenings {
            let succeeded = loss == 0 || random.unit() >= loss
            if succeeded { cluster.nodes[opening.node]?.taints.removeAll { $0.isSame(as: opening.taint) } }
            gates.ended(node: opening.node, succeeded: succeeded, at: now)
            planSoon()
        }
    }
}
