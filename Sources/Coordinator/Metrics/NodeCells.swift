import Planning

/// A node's cells at a snapshot's moment, whatever tells of them: its agent, or, in restricted mode, its pod's status.
struct NodeCells {
    private enum Evidence {
        case agent(ArraySlice<CellState>)
        case pod(PodView)
        case none
    }

    /// A snapshot has dozens of parts, each of which a copy would have to count.
    fileprivate final class Scene: Sendable {
        let snapshot: Snapshot
        let targets: [NodeView]

        init(_ snapshot: Snapshot) {
            self.snapshot = snapshot
            targets = snapshot.targets
        }
    }

    private let scene: Scene
    /// Of the node among the targets: it has a dozen parts too.
    private let position: Int
    private let evidence: Evidence

    var node: NodeView { scene.targets[position] }
    var name: String { scene.targets[position].name }

    fileprivate init(_ position: Int, _ scene: Scene, pods: [String: PodView]) {
        self.position = position
        self.scene = scene
        if scene.snapshot.configuration.runtimeSocket == .none {
            let node = scene.targets[position]
            // A node that isn't ready says nothing of its pods.
            evidence = node.isReady ? pods[node.name].map { .pod($0) } ?? .none : .none
        } else {
            let name = scene.targets[position].name
            evidence = scene.snapshot.fleet.cells(of: name, now: scene.snapshot.now).map { .agent($0) } ?? .none
        }
    }

    /// Whether anything is known of the node: else all its cells are unknown.
    var isKnown: Bool {
        if case .none = evidence { return false }
        return true
    }

    /// Whether agents told the same of both nodes, so that one's states are the other's. Pods are not compared.
    func isAlike(_ other: NodeCells) -> Bool {
        switch (evidence, other.evidence) {
        case (.agent(let mine), .agent(let others)): mine == others
        case (.none, .none): true
        default: false
        }
    }

    /// The state of each image entry, in their order.
    func forEach(_ body: (_ column: Int, _ state: CellState) -> Void) {
        let count = scene.snapshot.configuration.images.count
        switch evidence {
        case .none: for column in 0..<count { body(column, .unknown) }
        case .agent(let cells):
            for (column, state) in cells.enumerated() where column < count { body(column, state) }
            if cells.count < count { for column in cells.count..<count { body(column, .unknown) } }
        case .pod(let pod):
            for (column, image) in scene.snapshot.configuration.images.enumerated() {
                body(column, pod.presence(of: image.name).state)
            }
        }
    }

    func state(_ column: Int) -> CellState {
        switch evidence {
        case .none: .unknown
        case .agent(let cells): column < cells.count ? cells[cells.startIndex + column] : .unknown
        case .pod(let pod): pod.presence(of: scene.snapshot.configuration.images[column].name).state
        }
    }

    /// Why the newest attempt failed, as far as anybody told.
    func failure(_ column: Int) -> CellFailure? {
        switch evidence {
        case .none: return nil
        case .agent:
            return scene.snapshot.fleet.failure(node: name, column: column).map {
                CellFailure(reason: $0.reason, message: $0.message, nextAttempt: $0.nextAttempt)
            }
        case .pod(let pod):
            let presence = pod.presence(of: scene.snapshot.configuration.images[column].name)
            return presence.reason.map { CellFailure(reason: $0, message: presence.message, nextAttempt: nil) }
        }
    }
}

/// What is told of a failed pull.
struct CellFailure: Sendable, Equatable {
    var reason: FailureReason
    var message: String
    /// Nil when kubelets pull, who don't tell.
    var nextAttempt: Timestamp?
}

extension Snapshot {
    /// The target nodes with their cells, by name.
    func targetCells() -> [NodeCells] {
        var pods: [String: PodView] = [:]
        if configuration.runtimeSocket == .none {
            for pod in cluster.pods.values where !pod.isTerminating { pods[pod.node] = pod }
        }
        let scene = NodeCells.Scene(self)
        return scene.targets.indices.map { NodeCells($0, scene, pods: pods) }
    }
}
