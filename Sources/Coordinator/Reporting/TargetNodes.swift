import Cluster
import Planning

/// The target nodes by name, and where the fleet has them: worth keeping, since to find thousands of nodes takes longer
/// than to count their cells.
package struct TargetNodes: Sendable {
    let nodes: [NodeView]
    /// As ``Fleet/slots(of:)``.
    let slots: [Int]
    private let version: Int

    init(_ nodes: [NodeView], in fleet: Fleet) {
        self.nodes = nodes
        slots = fleet.slots(of: nodes.lazy.map(\.name))
        version = fleet.slotVersion
    }

    /// The same, where the fleet has its nodes now.
    func found(in fleet: Fleet) -> TargetNodes {
        fleet.slotVersion == version ? self : TargetNodes(nodes, in: fleet)
    }
}
