import Cluster
import ImageSets
import Planning
import Supervision

/// A node's cells at a snapshot's moment, whatever tells of them: its agent, or, in restricted mode, its pod's status.
package struct NodeCells {
    private enum Evidence {
        case agent
        case pods([PodView])
        case none
    }

    /// A snapshot has dozens of parts, each of which a copy would have to count.
    fileprivate final class Scene: Sendable {
        let snapshot: Snapshot
        let targets: TargetNodes
        let isRestricted: Bool

        init(_ snapshot: Snapshot, targets: TargetNodes) {
            self.snapshot = snapshot
            self.targets = targets
            isRestricted = snapshot.configuration.runtimeSocket == .none
        }
    }

    private let scene: Scene
    /// Of the node among the targets: it has a dozen parts too.
    private let position: Int
    private let evidence: Evidence
    private let inventoryAt: Timestamp?

    package var node: NodeView { scene.targets.nodes[position] }
    package var name: String { scene.targets.nodes[position].name }
    var labels: [String: String] { scene.targets.nodes[position].labels }

    /// Seconds since the runtime's images were last listed; nil when no agent has told.
    var reportAgeSeconds: Double? {
        inventoryAt.map { Double(scene.snapshot.now.milliseconds(since: $0)) / 1000 }
    }

    /// The states of its cells, in the order of the snapshot's images; the same object as the neighbour's, where they are
    /// the same.
    package let row: CellRow

    /// Which sets are for it, among the kinds of ``SetCells``.
    var kind: Int { scene.targets.cells.kind(position) }
    /// The names of the sets that are for it.
    package var sets: [String] { scene.targets.cells.sets(of: position) }

    /// The fleet's column of one of the images.
    func fleetColumn(_ column: Int) -> Int { scene.targets.cells.fleetColumn(column) }

    /// Whether a set's containers are to hold an image on it.
    func isToBeHeld(_ column: Int) -> Bool { !scene.targets.cells.kinds[kind].loose.contains(column) }

    /// The names of those that want an image on it.
    func sets(listing column: Int) -> [String] {
        let cells = scene.targets.cells
        return cells.sets(listing: column, kind: kind).map { cells.sets[$0].name }
    }

    /// - Parameter fleet: the snapshot's; to look it up in the scene for each node would copy it each time.
    fileprivate init(
        _ position: Int, _ scene: Scene, _ fleet: Fleet, _ cutter: inout RowCutter, after neighbour: CellRow?
    ) {
        self.position = position
        self.scene = scene
        let kind = scene.targets.cells.kind(position)
        guard scene.isRestricted else {
            let reading = fleet.reading(slot: scene.targets.slots[position], now: scene.snapshot.now)
            evidence = reading.row == nil ? .none : .agent
            inventoryAt = reading.inventoryAt
            row = cutter.row(reading.row, kind: kind)
            return
        }
        // A node that isn't ready says nothing of its pods.
        let node = scene.targets.nodes[position]
        let pods = node.isReady ? scene.snapshot.cluster.pods.living(on: node.name) : []
        evidence = pods.isEmpty ? .none : .pods(pods)
        inventoryAt = nil
        let cells = scene.targets.cells
        let states = cells.images.indices.map { column in
            guard cells.kinds[kind].wants(column) else { return CellState.unwanted }
            return pods.presence(of: cells.kinds[kind].places[column])?.state ?? .unknown
        }
        row = neighbour.flatMap { $0.states == states ? $0 : nil } ?? CellRow(states)
    }

    /// Whether anything is known of the node: else all its cells are unknown.
    package var isKnown: Bool {
        if case .none = evidence { return false }
        return true
    }

    /// Why the newest attempt failed, as far as anybody told.
    package func failure(_ column: Int) -> CellFailure? {
        switch evidence {
        case .none: return nil
        case .agent:
            let column = scene.targets.cells.fleetColumn(column)
            let fleet = scene.snapshot.fleet
            return fleet.failure(node: name, column: column).map {
                let triers = fleet.triers(column: column, platform: node.platform)
                return CellFailure(
                    reason: $0.reason, message: $0.message, attempts: $0.attempts,
                    nextAttempt: triers.isEmpty || triers.contains(name) ? $0.nextAttempt : nil)
            }
        case .pods(let pods):
            let presence = pods.presence(of: places(column))
            return presence?.reason.map {
                CellFailure(reason: $0, message: presence?.message ?? "", attempts: 0, nextAttempt: nil)
            }
        }
    }

    /// What is known of a kubelet's refusal of an image; nil: there's none.
    package func refusal(_ column: Int) -> Refusal? {
        scene.snapshot.fleet.refusal(
            node: name, column: scene.targets.cells.fleetColumn(column), now: scene.snapshot.now)
    }

    /// The container that is to hold an image, whoever tells of its presence.
    package func container(_ column: Int) -> ContainerView? {
        places(column).lazy.compactMap { place in
            scene.snapshot.cluster.pods.living(on: name, of: place.set).lazy.compactMap {
                $0.containers[place.container]
            }.first
        }.first
    }

    /// The containers that are to hold an image on it.
    func places(_ column: Int) -> [HoldingPlace] { scene.targets.cells.kinds[kind].places[column] }
}

/// What is told of a failed pull.
package struct CellFailure: Sendable, Equatable {
    package var reason: FailureReason
    package var message: String
    /// 0 when kubelets pull, who don't tell.
    var attempts: Int
    /// Nil when kubelets pull, who don't tell, and while other nodes try the image for this one.
    package var nextAttempt: Timestamp?
}

extension Snapshot {
    /// The target nodes with their cells, by name.
    package func targetCells() -> [NodeCells] {
        let scene = NodeCells.Scene(self, targets: targetNodes)
        var cutter = RowCutter(scene.targets.cells)
        var cells: [NodeCells] = []
        cells.reserveCapacity(scene.targets.nodes.count)
        for position in scene.targets.nodes.indices {
            cells.append(NodeCells(position, scene, fleet, &cutter, after: cells.last?.row))
        }
        return cells
    }

    /// The cells of one node; nil when it isn't a target.
    func cells(of node: String) -> NodeCells? {
        let targets = targetNodes.keeping(set: nil, in: fleet) { $0.name == node }
        guard !targets.nodes.isEmpty else { return nil }
        var cutter = RowCutter(targets.cells)
        return NodeCells(0, NodeCells.Scene(self, targets: targets), fleet, &cutter, after: nil)
    }
}
