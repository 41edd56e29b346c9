import Cluster
import Planning

/// The target nodes by name, where the fleet has them, and which cells they have: worth keeping, since to find thousands of
/// nodes takes longer than to count their cells.
package struct TargetNodes: Sendable {
    let nodes: [NodeView]
    /// As ``Fleet/slots(of:)``.
    let slots: [Int]
    /// By the positions of the nodes.
    let cells: SetCells
    private let version: Int

    init(_ nodes: [NodeView], _ cells: SetCells, in fleet: Fleet) {
        self.nodes = nodes
        self.cells = cells
        slots = fleet.slots(of: nodes.lazy.map(\.name))
        version = fleet.slotVersion
    }

    /// The same, where the fleet has its nodes now.
    func found(in fleet: Fleet) -> TargetNodes {
        fleet.slotVersion == version ? self : TargetNodes(nodes, cells, in: fleet)
    }

    /// The nodes and the cells of those sets alone that containers hold.
    func heldAlone(in fleet: Fleet) -> TargetNodes {
        let held = cells.sets.indices.filter { cells.sets[$0].isHeld }
        let (kept, chosen) = cells.keeping(sets: Array(held), nodes: nodes.count)
        return TargetNodes(chosen.map { nodes[$0] }, kept, in: fleet)
    }

    /// Those that are meant, with the cells of one set alone where it's given.
    func keeping(set: String?, in fleet: Fleet, _ isMeant: (NodeView) -> Bool) -> TargetNodes {
        let (cells, chosen) = set.map { self.cells.slice($0, nodes: nodes.count) } ?? (self.cells, Array(nodes.indices))
        let meant = chosen.indices.filter { isMeant(nodes[chosen[$0]]) }
        return TargetNodes(meant.map { nodes[chosen[$0]] }, cells.keeping(nodes: meant), in: fleet)
    }
}
