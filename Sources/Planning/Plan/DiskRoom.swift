import ImageSets
import Shared

/// How much more of each node's image file system may be used before the kubelet collects garbage.
struct DiskRoom {
    private let fleet: Fleet
    private let highPercent: Int
    /// By node: what pulls that are under way or planned will take.
    private var taken: [String: UInt64] = [:]
    /// What images take; nil: nobody knows.
    private var sizes: [Kind: UInt64?] = [:]

    private struct Kind: Hashable {
        var column: Int
        var isUnpacked: Bool
    }

    init(_ planner: Planner) {
        fleet = planner.fleet
        highPercent = planner.configuration.imageGCHighPercent
        for (node, order) in planner.fleet.orders {
            guard let column = fleet.column(of: order.reference) else { continue }
            take(node: node, column: column)
        }
    }

    /// Nil: there's room, or nobody knows better.
    mutating func shortage(node name: String, column: Int) -> Plan.Shortage? {
        guard let node = fleet.nodes[name], let needed = needed(column, node) else { return nil }
        return fleet.shortage(
            of: needed, node: name, column: column, highPercent: highPercent, taken: taken[name, default: 0])
    }

    mutating func take(node name: String, column: Int) {
        guard let node = fleet.nodes[name], let needed = needed(column, node) else { return }
        taken[name] = taken[name, default: 0].saturatingAdd(needed)
    }

    private mutating func needed(_ column: Int, _ node: NodeState) -> UInt64? {
        let kind = Kind(column: column, isUnpacked: node.runtime.tellsUnpackedSizes)
        if let known = sizes[kind] { return known }
        let bytes = fleet.expectedBytes(column: column, isUnpacked: kind.isUnpacked)
        sizes[kind] = .some(bytes)
        return bytes
    }
}
