import Planning
import Shared

extension CoverageReport {
    /// Computes the report. Slices stand in the order of the image list, or of their names.
    init(_ snapshot: Snapshot, by grouping: CoverageGrouping) {
        let targets = snapshot.targets
        let images = snapshot.configuration.images
        let pods = Dictionary(grouping: snapshot.cluster.pods.values.filter { !$0.isTerminating }, by: \.node)
        let isRestricted = snapshot.configuration.runtimeSocket == .none
        var builder = CoverageBuilder(grouping: grouping)
        var heldBack = 0
        for (column, image) in images.enumerated() {
            for node in targets {
                var cell = CoverageBuilder.Cell(image: image, node: node, state: .unknown)
                cell.container = pods[node.name]?.compactMap { $0.containers[image.name] }.first
                if isRestricted {
                    cell.take(pods[node.name]?.first { $0.containers[image.name] != nil })
                } else {
                    cell.state = snapshot.fleet.state(node: node.name, column: column, now: snapshot.now)
                    cell.take(snapshot.fleet.failure(node: node.name, column: column), at: snapshot.now)
                    cell.reportAge = snapshot.fleet.nodes[node.name]?.inventoryAt.map {
                        Double(snapshot.now.milliseconds(since: $0)) / 1000
                    }
                }
                builder.add(cell)
                if cell.state == .missing, snapshot.fleet.isHeldBack(column: column, platform: node.platform) {
                    heldBack += 1
                }
            }
        }
        self.heldBack = heldBack
        at = snapshot.now.rfc3339
        revision = snapshot.revision
        evidence = isRestricted ? .podStatuses : .runtimes
        self.grouping = grouping.description
        nodes = targets.count
        self.images = images.count
        total = builder.total
        rows = builder.finish()
    }
}

/// Adds up cells, slice by slice.
private struct CoverageBuilder {
    struct Cell {
        var image: ImageEntry
        var node: NodeView
        var state: CellState
        var failure: FailureGroup?
        var container: ContainerView?
        var reportAge: Double?

        mutating func take(_ failure: Failure?, at now: Timestamp) {
            guard state == .failed, let failure else { return }
            let seconds = max(0, failure.nextAttempt.milliseconds(since: now)) / 1000
            self.failure = FailureGroup(
                reason: failure.reason.rawValue, permanent: failure.reason.isPermanent, cells: 1,
                attempts: failure.attempts, message: failure.message, nodes: [node.name], image: image.name,
                nextAttempt: failure.nextAttempt.rfc3339, nextAttemptSeconds: Int(seconds))
        }

        /// Restricted mode. A node that isn't ready says nothing of its pods.
        mutating func take(_ pod: PodView?) {
            guard node.isReady, let presence = pod?.presence(of: image.name) else { return }
            state = presence.state
            guard let reason = presence.reason else { return }
            failure = FailureGroup(
                reason: reason.rawValue, permanent: reason.isPermanent, cells: 1, attempts: 0,
                message: presence.message, nodes: [node.name], image: image.name)
        }
    }

    let grouping: CoverageGrouping
    private(set) var total = CoverageCounts()
    private var rows: [CoverageRow] = []
    private var positions: [String: Int] = [:]
    private var unheard: Set<String> = []

    init(grouping: CoverageGrouping) { self.grouping = grouping }

    mutating func add(_ cell: Cell) {
        let name = grouping.slice(image: cell.image, node: cell.node)
        let position = positions[name] ?? rows.count
        if position == rows.count {
            positions[name] = position
            rows.append(CoverageRow(name: name, reference: grouping == .image ? cell.image.reference.written : nil))
        }
        total.add(cell.state)
        rows[position].counts.add(cell.state)
        if let age = cell.reportAge {
            rows[position].reportAgeSeconds = max(rows[position].reportAgeSeconds ?? 0, age)
        } else {
            unheard.insert(name)
        }
        switch cell.state {
        case .failed: addFailure(cell, to: position)
        case .present: addNotHeld(cell, to: position)
        case .unknown, .missing, .pulling, .held: break
        }
    }

    private mutating func addFailure(_ cell: Cell, to position: Int) {
        guard let failure = cell.failure else { return }
        rows[position].failures.merge(failure)
    }

    /// A container that waits for its image is on its way; any other reason keeps it from holding the image.
    private mutating func addNotHeld(_ cell: Cell, to position: Int) {
        guard let container = cell.container, !container.isRunning, let reason = container.waitingReason,
            !["ErrImageNeverPull", "ContainerCreating", "PodInitializing"].contains(reason)
        else { return }
        rows[position].notHeld.merge(
            NotHeldGroup(
                reason: reason, cells: 1, message: container.waitingMessage ?? "", nodes: [cell.node.name],
                image: cell.image.name))
    }

    mutating func finish() -> [CoverageRow] {
        for index in rows.indices {
            if unheard.contains(rows[index].name) { rows[index].reportAgeSeconds = nil }
            rows[index].failures.sort { ($1.cells, $0.reason) < ($0.cells, $1.reason) }
            rows[index].notHeld.sort { ($1.cells, $0.reason) < ($0.cells, $1.reason) }
        }
        return grouping == .image ? rows : rows.sorted { $0.name < $1.name }
    }
}

extension CoverageCounts {
    mutating func add(_ state: CellState) {
        cells += 1
        switch state {
        case .unknown: unknown += 1
        case .missing: missing += 1
        case .pulling: pulling += 1
        case .failed: failed += 1
        case .present: present += 1
        case .held:
            present += 1
            held += 1
        }
    }
}
