import Cluster
import ImageSets
import Planning

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
        /// Of nodes of which nothing is known.
        let unknown: CellRow

        init(_ snapshot: Snapshot, targets: TargetNodes) {
            self.snapshot = snapshot
            self.targets = targets
            unknown = CellRow(Array(repeating: .unknown, count: snapshot.configuration.images.count))
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

    /// The states of its cells; the same object as the neighbour's, where they are the same.
    package let row: CellRow

    /// - Parameter fleet: the snapshot's; to look it up in the scene for each node would copy it each time.
    fileprivate init(_ position: Int, _ scene: Scene, _ fleet: Fleet, after neighbour: CellRow?) {
        self.position = position
        self.scene = scene
        guard scene.snapshot.configuration.runtimeSocket == .none else {
            let reading = fleet.reading(slot: scene.targets.slots[position], now: scene.snapshot.now)
            evidence = reading.row == nil ? .none : .agent
            inventoryAt = reading.inventoryAt
            row = reading.row ?? scene.unknown
            return
        }
        // A node that isn't ready says nothing of its pods.
        let node = scene.targets.nodes[position]
        let pods = node.isReady ? scene.snapshot.cluster.pods.living(on: node.name, of: ImageSet.defaultName) : []
        evidence = pods.isEmpty ? .none : .pods(pods)
        inventoryAt = nil
        let states = scene.snapshot.configuration.images.map { pods.presence(of: $0.container)?.state ?? .unknown }
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
            return scene.snapshot.fleet.failure(node: name, column: column).map {
                CellFailure(
                    reason: $0.reason, message: $0.message, attempts: $0.attempts, nextAttempt: $0.nextAttempt)
            }
        case .pods(let pods):
            let presence = pods.presence(of: scene.snapshot.configuration.images[column].container)
            return presence?.reason.map {
                CellFailure(reason: $0, message: presence?.message ?? "", attempts: 0, nextAttempt: nil)
            }
        }
    }

    /// The container that is to hold an image, whoever tells of its presence.
    package func container(_ column: Int) -> ContainerView? {
        let image = scene.snapshot.configuration.images[column].container
        if case .pods(let pods) = evidence { return pods.container(of: image) }
        return scene.snapshot.cluster.pods.living(on: name, of: ImageSet.defaultName).container(of: image)
    }
}

extension [PodView] {
    fileprivate func container(of entry: String) -> ContainerView? {
        lazy.compactMap { $0.containers[entry] }.first
    }

    fileprivate func presence(of entry: String) -> (state: CellState, reason: FailureReason?, message: String)? {
        first { $0.containers[entry] != nil }?.presence(of: entry)
    }
}

/// What is told of a failed pull.
package struct CellFailure: Sendable, Equatable {
    package var reason: FailureReason
    package var message: String
    /// 0 when kubelets pull, who don't tell.
    var attempts: Int
    /// Nil when kubelets pull, who don't tell.
    package var nextAttempt: Timestamp?
}

extension Snapshot {
    /// The target nodes with their cells, by name.
    package func targetCells() -> [NodeCells] {
        let scene = NodeCells.Scene(self, targets: targetNodes)
        var cells: [NodeCells] = []
        cells.reserveCapacity(scene.targets.nodes.count)
        for position in scene.targets.nodes.indices {
            cells.append(NodeCells(position, scene, fleet, after: cells.last?.row))
        }
        return cells
    }

    /// The cells of one target node.
    func cells(of node: NodeView) -> NodeCells {
        NodeCells(0, NodeCells.Scene(self, targets: TargetNodes([node], in: fleet)), fleet, after: nil)
    }
}
