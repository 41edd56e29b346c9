import Cluster
import ImageSets
import Shared

extension Fleet {
    /// Computes a node's cells from its inventory, orders and failures, and returns what changed.
    mutating func refreshCells(of name: String, at now: Timestamp) -> [Transition] {
        guard var node = nodes[name], node.hasInventory else { return [] }
        var cells = [CellState](repeating: .missing, count: references.count)
        let resolved = node.resolved
        node.resolved = [ImageCatalogue.Index](repeating: -1, count: references.count)
        node.misfits = [:]
        let damage = self.damage[name]
        let refusals = self.refusals[name]
        let unusable = self.unusable[name]
        let isReleased = node.releasedAt != nil
        for (index, inUse) in node.inventory {
            for column in catalogue.columns(index) {
                if let misfit = catalogue.misfit(index, platform: node.platform) {
                    node.misfits[Int(column)] = misfit
                    continue
                }
                if !inUse, let damage = damage?[references[Int(column)].normalised], damage.mendedAt == nil,
                    damage.imageID == catalogue.record(index)?.id
                {
                    node.misfits[Int(column)] = damage.message
                    continue
                }
                let reference = references[Int(column)].normalised
                let isOfUse = refusals?[reference]?.isBelieved != true && unusable?[reference] == nil
                let state: CellState = inUse && !isReleased && isOfUse ? .held : .present
                guard cells[Int(column)].rawValue < state.rawValue else { continue }
                cells[Int(column)] = state
                node.resolved[Int(column)] = index
            }
        }
        var changes: [(column: Int, before: CellState)] = []
        for (column, reference) in references.enumerated() {
            if column >= resolved.count || resolved[column] != node.resolved[column] {
                index.disagree(slot: node.slot, column: column)
            }
            if cells[column].isPresent {
                if cells[column] == .held, damage != nil { self.damage[name]?[reference.normalised] = nil }
                node.failures[reference.normalised] = nil
            } else if let order = node.order(of: reference),
                node.failures[reference.normalised] == nil
                    || !experience.isProbe(of: reference.registry, begun: order.assignedAt)
            {
                cells[column] = .pulling
            } else if node.failures[reference.normalised] != nil {
                cells[column] = .failed
            } else if let misfit = node.misfits[column] {
                // It is there without an attempt of ours; that of another day may bring another image.
                cells[column] = .failed
                let isDamaged = damage?[reference.normalised] != nil
                node.failures[reference.normalised] = Failure(
                    reason: isDamaged ? .nodeStorage : FailureClassifier.reason(message: misfit), message: misfit,
                    attempts: 0, since: now,
                    lastAttempt: now, nextAttempt: now + Double(retry.permanentSeconds))
            }
            if cells[column] != .present, !node.moved.isEmpty { forgetMoved(column, cells[column], on: name, &node) }
            let before = column < node.cells.count ? node.cells[column] : .unknown
            if before == .failed, cells[column] == .failed, node.newReasons.contains(reference.normalised) {
                // Several attempts in one report: it fails on, but for another reason.
                if isTold(column, of: name) { changes.append((column, before)) }
            }
            guard before != cells[column] else { continue }
            index.change(slot: node.slot, column: column, from: before, to: cells[column])
            if isTold(column, of: name) { changes.append((column, before)) }
        }
        node.cells = cells
        slots.rows[node.slot] = sharedRow(cells.prefix(listedColumns.count), former: slots.rows[node.slot])
        node.newReasons = []
        nodes[name] = node
        return changes.map { transition(of: name, column: $0.column, from: $0.before, to: cells[$0.column], at: now) }
    }

    /// The last pod of ours on the node has gone, and its containers with it: until an agent has looked again nothing is held.
    public mutating func release(node name: String, at now: Timestamp) -> [Transition] {
        guard nodes[name] != nil else { return [] }
        nodes[name]?.releasedAt = now
        return refreshCells(of: name, at: now)
    }

    /// Whether a container uses the image that the column resolves to, as the node's newest inventory has it.
    func isInUse(node name: String, column: Int) -> Bool {
        guard let node = nodes[name], column < node.resolved.count else { return false }
        return node.inventory[node.resolved[column]] ?? false
    }

    /// An image that went, or that a container uses by now. Of several pods on the node only one may use it so far: the others
    /// have had their turn when they are replaced.
    private func forgetMoved(_ column: Int, _ state: CellState, on name: String, _ node: inout NodeState) {
        guard state != .held || holders(of: column, on: name).count <= 1 else { return }
        let reference = references[column].normalised
        node.moved = node.moved.filter { $0.reference != reference }
    }

    /// A row of these states: the node's former one or the newest of all, if it has them.
    private mutating func sharedRow(_ states: ArraySlice<CellState>, former: CellRow?) -> CellRow {
        if let former, states.elementsEqual(former.states) { return former }
        if let newestRow, states.elementsEqual(newestRow.states) { return newestRow }
        let row = CellRow(Array(states))
        newestRow = row
        return row
    }

    func transition(
        of name: String, column: Int, from before: CellState, to state: CellState, at now: Timestamp
    ) -> Transition {
        let reference = references[column]
        return Transition(
            node: name, reference: reference.written, from: before, to: state,
            reason: state == .failed ? nodes[name]?.failures[reference.normalised]?.reason : nil,
            imageID: state.isPresent ? imageID(node: name, column: column) : nil, at: now)
    }
}
