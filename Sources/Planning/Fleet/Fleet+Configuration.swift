import Cluster
import ImageSets
import Shared
import SwiftProtobuf

extension Fleet {
    /// Takes a new revision: cells of references that stay keep their state.
    ///
    /// Cells of references that aren't listed any more end, and those of a reference that is spelled anew begin:
    /// history names images as they are written. Cells that only further sets want begin and end as ``serve(_:at:)`` says
    /// for whom they are, too.
    ///
    /// - Parameters:
    ///   - sets: those beside `default`, the oldest first.
    ///   - isEdit: somebody edited the list, and expects an answer for what failed before.
    public mutating func adopt(
        _ configuration: Configuration, sets: [ImageSet] = [], isEdit: Bool = true, at now: Timestamp
    ) -> [Transition] {
        if adoptedAt == nil { adoptedAt = now }
        cachingIntervalSeconds = Double(configuration.cachingIntervalHours) * 3600
        retry = configuration.retry
        pullTimeoutSeconds = UInt32(clamping: configuration.pullTimeoutSeconds)
        setIntervals(configuration)
        var wanted = configuration.images.map(\.reference)
        let former = references
        let formerEntries = Array(references.prefix(entryCount))
        entryCount = wanted.count
        let listed = Set(wanted.map(\.written))
        let known = Set(formerEntries.map(\.written))
        desiredImages = configuration.images.map { entry in
            WireDesiredImage.with {
                $0.name = entry.name
                $0.reference = entry.reference.normalised
                $0.shortName = entry.reference.isShort ? entry.reference.written : ""
            }
        }
        var seen = Set(wanted.map(\.normalised))
        for reference in sets.flatMap(\.references) where seen.insert(reference.normalised).inserted {
            wanted.append(reference)
        }
        furtherCount = wanted.count - entryCount
        let served = furtherColumns
        holders = [:]
        if let text = configuration.agentImage, let reference = try? ImageReference(text) { wanted.append(reference) }
        references = wanted
        // Whom else it wants them of is the next roster's word.
        for (name, columns) in served {
            let staying = columns.compactMap { column(of: former[$0]) }
                .filter { listedColumns.contains($0) && (outsiders.contains(name) || furtherSetColumns.contains($0)) }
            furtherColumns[name] = staying.isEmpty ? nil : staying.sorted()
        }
        adoptHeld(sets)
        catalogue.want(wanted)
        index.reset(columns: wanted.count)
        experience.forget(except: wanted)
        for key in experience.trials.keys where isEdit && experience.trials[key]?.witnesses.isEmpty == false {
            // What was absent may have been put there, and who edits the list expects an answer.
            experience.trials[key]?.release()
        }
        for key in experience.kubeletPulls.keys where isEdit { experience.kubeletPulls[key]?.hurry() }

        let normalised = Set(wanted.map(\.normalised))
        damage = damage.mapValues { $0.filter { normalised.contains($0.key) } }.filter { !$0.value.isEmpty }
        var transitions: [Transition] = []
        for (name, var node) in nodes {
            // What was told of the node, and what is, beside the entries of `default`, which outsiders don't have.
            let isOutsider = outsiders.contains(name)
            let told = Set((served[name] ?? []).map { former[$0].written })
            let further = Set(furtherColumns[name] ?? [])
            let staying = Set(further.map { wanted[$0].written })
            for column in (isOutsider ? [] : Array(formerEntries.indices)) + (served[name] ?? [])
            where column < node.cells.count {
                let state = node.cells[column]
                let written = former[column].written
                let stays = staying.contains(written) || !isOutsider && listed.contains(written)
                guard state != .unknown, !stays else { continue }
                transitions.append(Transition(node: name, reference: written, from: state, to: nil, at: now))
            }
            var before: [String: CellState] = [:]
            for (column, reference) in former.enumerated() where column < node.cells.count {
                before[reference.normalised] = node.cells[column]
            }
            node.cells = wanted.enumerated().map { column, reference in
                let isCell = further.contains(column) || column < entryCount && !isOutsider
                let wasCell = told.contains(reference.written) || known.contains(reference.written) && !isOutsider
                return isCell && !wasCell ? .unknown : before[reference.normalised] ?? .unknown
            }
            for (column, state) in node.cells.enumerated() {
                index.change(slot: node.slot, column: column, from: .unknown, to: state)
            }
            node.resolved = []
            node.failures = node.failures.filter { normalised.contains($0.key) }
                .mapValues { failure in
                    var failure = failure.due(noLaterThan: retry)
                    // Nor is room on a disk waited for: the edit may have raised IMAGE_GC_HIGH_PERCENT.
                    if isEdit, failure.reason.blamesReference || failure.reason == .diskFull {
                        failure.nextAttempt = min(failure.nextAttempt, now)
                    }
                    return failure
                }
            node.moved = node.moved.filter {
                normalised.contains($0.reference) && ($0.set == ImageSet.defaultName || heldColumns[$0.set] != nil)
            }
            if isEdit || served[name] != nil { node.generation = newGeneration() }
            nodes[name] = node
            noteKnown(name)
            let unwanted = node.orders.values.filter { !normalised.contains($0.reference.normalised) }
            for order in unwanted { transitions += cancel(order: order.id, node: name, at: now) }
            transitions += refreshCells(of: name, at: now)
        }
        return transitions
    }

    /// Tells nodes what further sets want of them. To be called with each new roster.
    ///
    /// - Returns: the nodes whose assignment has changed, and their cells that begin or end by that.
    public mutating func serve(_ roster: Roster, at now: Timestamp) -> (nodes: Set<String>, transitions: [Transition]) {
        guard !roster.sets.isEmpty || !furtherColumns.isEmpty || !outsiders.isEmpty else { return ([], []) }
        var wanted: [String: [Int]] = [:]
        holders = [:]
        for (set, names) in roster.sets {
            if set.configuration != nil { for name in names { holders[name, default: []].append(set.name) } }
            let all = set.references.compactMap(column(of:))
            let further = all.filter(furtherSetColumns.contains)
            for name in names {
                let columns = roster.outsiders.contains(name) ? all : further
                if !columns.isEmpty { wanted[name, default: []] += columns }
            }
        }
        wanted = wanted.mapValues { Set($0).sorted() }
        let changed = Set(wanted.keys).union(furtherColumns.keys).filter { wanted[$0] != furtherColumns[$0] }
            .union(outsiders.symmetricDifference(roster.outsiders))
        let former = changed.sorted().map { (name: $0, columns: toldColumns(of: $0)) }
        furtherColumns = wanted
        outsiders = roster.outsiders
        var transitions: [Transition] = []
        for (name, before) in former {
            renewAssignment(of: name)
            guard let node = nodes[name], node.hasInventory else { continue }
            let after = toldColumns(of: name)
            for column in before.symmetricDifference(after).sorted() where column < node.cells.count {
                let state = node.cells[column]
                guard state != .unknown else { continue }
                transitions.append(
                    after.contains(column)
                        ? transition(of: name, column: column, from: .unknown, to: state, at: now)
                        : Transition(
                            node: name, reference: references[column].written, from: state, to: nil, at: now))
            }
        }
        return (changed, transitions)
    }

    /// Whether changes of a cell are transitions: a set wants the image on the node.
    func isTold(_ column: Int, of name: String) -> Bool { listedColumns.contains(column) && isWanted(column, of: name) }

    /// The columns of a node whose changes are transitions.
    private func toldColumns(of name: String) -> Set<Int> {
        Set(furtherColumns[name] ?? []).union(outsiders.contains(name) ? 0..<0 : entryColumns)
    }

    /// What only concerns sets that are held.
    private mutating func adoptHeld(_ sets: [ImageSet]) {
        heldColumns = [:]
        intervals = [:]
        for set in sets {
            guard let configuration = set.configuration else { continue }
            heldColumns[set.name] = configuration.images.compactMap { column(of: $0.reference) }
            let interval = Double(configuration.cachingIntervalHours) * 3600
            for reference in set.references {
                let others = (column(of: reference) ?? 0) < entryCount ? cachingIntervalSeconds : .infinity
                intervals[reference.normalised] = min(interval, intervals[reference.normalised] ?? others)
            }
        }
        rollOuts = rollOuts.filter { $0.key == ImageSet.defaultName || heldColumns[$0.key] != nil }
    }

    /// Every known cell of a node as it is now, as transitions: for a history that lost what it knew.
    public func present(on name: String, at now: Timestamp) -> [Transition] {
        guard let node = nodes[name], node.hasInventory else { return [] }
        return toldColumns(of: name).sorted().compactMap { column in
            let state = column < node.cells.count ? node.cells[column] : .unknown
            guard state != .unknown else { return nil }
            return transition(of: name, column: column, from: .unknown, to: state, at: now)
        }
    }
}
