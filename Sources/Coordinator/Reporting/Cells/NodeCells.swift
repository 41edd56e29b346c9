import Planning

/// A node's cells at a snapshot's moment, whatever tells of them: its agent, or, in restricted mode, its pod's status.
struct NodeCells {
    private enum Evidence {
        case agent
        case pods([PodView])
        case none
    }

    /// A snapshot has dozens of parts, each of which a copy would have to count.
    fileprivate final class Scene: Sendable {
        let snapshot: Snapshot
        let targets: [NodeView]

        init(_ snapshot: Snapshot, targets: [NodeView]) {
            self.snapshot = snapshot
            self.targets = targets
        }
    }

    private let scene: Scene
    /// Of the node among the targets: it has a dozen parts too.
    private let position: Int
    private let evidence: Evidence
    private let inventoryAt: Timestamp?

    var node: NodeView { scene.targets[position] }
    var name: String { scene.targets[position].name }

    /// Seconds since the runtime's images were last listed; nil when no agent has told.
    var reportAgeSeconds: Double? {
        inventoryAt.map { Double(scene.snapshot.now.milliseconds(since: $0)) / 1000 }
    }

    /// The states of its cells; the same object as the neighbour's, where they are the same.
    let row: CellRow

    fileprivate init(_ position: Int, _ scene: Scene, after neighbour: CellRow?) {
        self.position = position
        self.scene = scene
        let name = scene.targets[position].name
        let images = scene.snapshot.configuration.images
        let states: [CellState]
        if scene.snapshot.configuration.runtimeSocket == .none {
            // A node that isn't ready says nothing of its pods.
            let pods = scene.targets[position].isReady ? scene.snapshot.cluster.pods.living(on: name) : []
            evidence = pods.isEmpty ? .none : .pods(pods)
            inventoryAt = nil
            states = images.map { pods.presence(of: $0.name)?.state ?? .unknown }
        } else {
            let reading = scene.snapshot.fleet.reading(of: name, now: scene.snapshot.now)
            evidence = reading.cells == nil ? .none : .agent
            inventoryAt = reading.inventoryAt
            if let cells = reading.cells, let neighbour, cells.elementsEqual(neighbour.states) {
                row = neighbour
                return
            }
            var known = Array((reading.cells ?? []).prefix(images.count))
            if known.count < images.count {
                known += repeatElement(.unknown, count: images.count - known.count)
            }
            states = known
        }
        row = neighbour.flatMap { $0.states == states ? $0 : nil } ?? CellRow(states)
    }

    /// Whether anything is known of the node: else all its cells are unknown.
    var isKnown: Bool {
        if case .none = evidence { return false }
        return true
    }

    /// Why the newest attempt failed, as far as anybody told.
    func failure(_ column: Int) -> CellFailure? {
        switch evidence {
        case .none: return nil
        case .agent:
            return scene.snapshot.fleet.failure(node: name, column: column).map {
                CellFailure(
                    reason: $0.reason, message: $0.message, attempts: $0.attempts, nextAttempt: $0.nextAttempt)
            }
        case .pods(let pods):
            let presence = pods.presence(of: scene.snapshot.configuration.images[column].name)
            return presence?.reason.map {
                CellFailure(reason: $0, message: presence?.message ?? "", attempts: 0, nextAttempt: nil)
            }
        }
    }

    /// The container that is to hold an image, whoever tells of its presence.
    func container(_ column: Int) -> ContainerView? {
        let image = scene.snapshot.configuration.images[column].name
        if case .pods(let pods) = evidence { return pods.container(of: image) }
        return scene.snapshot.cluster.pods.living(on: name).container(of: image)
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
struct CellFailure: Sendable, Equatable {
    var reason: FailureReason
    var message: String
    /// 0 when kubelets pull, who don't tell.
    var attempts: Int
    /// Nil when kubelets pull, who don't tell.
    var nextAttempt: Timestamp?
}

extension Snapshot {
    /// The target nodes with their cells, by name.
    func targetCells() -> [NodeCells] {
        let scene = NodeCells.Scene(self, targets: targets)
        var cells: [NodeCells] = []
        cells.reserveCapacity(scene.targets.count)
        for position in scene.targets.indices { cells.append(NodeCells(position, scene, after: cells.last?.row)) }
        return cells
    }

    /// The cells of one target node.
    func cells(of node: NodeView) -> NodeCells { NodeCells(0, NodeCells.Scene(self, targets: [node]), after: nil) }
}
