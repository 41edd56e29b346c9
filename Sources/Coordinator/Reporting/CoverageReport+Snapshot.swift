import Cluster
import Formatting
import ImageSets
import Planning
import Shared

extension CoverageReport {
    /// Computes the report of the present.
    ///
    /// - Parameters:
    ///   - selector: which nodes count; nil: all target nodes.
    ///   - set: which image set counts; nil: all of them.
    package init(
        _ snapshot: Snapshot, by grouping: CoverageGrouping, selector: LabelFilter? = nil, set: String? = nil
    ) {
        var snapshot = snapshot.keeping(selector, set: set)
        let targets = snapshot.targetNodes
        snapshot.knownTargets = targets
        let sets = targets.cells
        let images = sets.images
        let isRestricted = snapshot.configuration.runtimeSocket == .none
        var tally = CoverageTally(grouping, sets)
        var heldBack: [String: [Int]] = [:]
        let cells = snapshot.targetCells()
        let isHoldingBack = !isRestricted && snapshot.fleet.isHoldingBack
        let deviations = DeviationIndex(snapshot)
        let isLoose = sets.kinds.map { !$0.loose.isEmpty }
        var loose = 0
        nodesLeft = 0
        for node in cells {
            let kind = node.kind
            let slice = tally.slice(node: node.name, labels: grouping.needsLabels ? node.labels : [:])
            tally.note(age: node.reportAgeSeconds, slice: slice, kind: kind)
            let row = node.row
            if let slice { tally.add(row, slice: slice) }
            if !row.isWhole { nodesLeft += 1 }
            if isLoose[kind] { loose += sets.kinds[kind].loose.count { row.states[$0] == .present } }
            for column in row.failed {
                guard let failure = node.failure(column) else { continue }
                let deviation = deviations[node.name, images[column].name]
                for slice in tally.slices(column: column, kind: kind, slice: slice) {
                    tally.add(failure, column: column, slice: slice, node: node.name, deviation: deviation)
                }
            }
            for hang in deviations.hanging(on: node.name) where row.states[hang.column] == .pulling {
                for slice in tally.slices(column: hang.column, kind: kind, slice: slice) {
                    tally.add(hanging: hang, column: hang.column, slice: slice)
                }
            }
            let unusable = row.unheld.isEmpty ? nil : snapshot.fleet.unusable[node.name]
            for column in row.unheld {
                let slices = tally.slices(column: column, kind: kind, slice: slice)
                if let image = unusable?[images[column].reference.normalised] {
                    for slice in slices {
                        tally.add(notWhole: image.message, column: column, slice: slice, node: node.name)
                    }
                    continue
                }
                if let refusal = node.refusal(column) {
                    tally.addRefused()
                    for slice in slices {
                        tally.add(refusal, of: node.container(column), column: column, slice: slice, node: node.name)
                    }
                    continue
                }
                for slice in slices {
                    tally.add(notHeldBy: node.container(column), column: column, slice: slice, node: node.name)
                }
            }
            guard isHoldingBack, row[.missing] > 0 else { continue }
            let platform = node.node.platform
            let columns =
                heldBack[platform]
                ?? snapshot.fleet.columnsHeldBack(platform: platform).compactMap(sets.column(ofFleet:))
            heldBack[platform] = columns
            for column in columns where row.states[column] == .missing { tally.addHeldBack(column: column) }
        }
        switch grouping {
        case .image: tally.add(cells.lazy.map(\.row))
        case .set: tally.add(cells)
        case .node, .zone, .label, .all: break
        }
        self.heldBack = tally.heldBack
        at = snapshot.now.rfc3339
        revision = snapshot.revision
        evidence = Evidence(snapshot.configuration)
        self.grouping = grouping.description
        self.selector = selector?.text
        self.set = set
        self.sets = sets.sets.count > 1 ? sets.sets.count : nil
        prefetchesLeftOut = snapshot.leftOut > 0 ? snapshot.leftOut : nil
        nodes = cells.count
        self.images = images.count
        total = tally.total
        loosePresent = loose == 0 ? nil : loose
        self.rows = tally.finish(now: snapshot.now, outages: snapshot.outages)
        if !isRestricted { reportIntervalSeconds = snapshot.fleet.heartbeatSeconds }
        guard grouping == .image, !isRestricted else { return }
        for (row, image) in images.enumerated() where snapshot.fleet.puller(of: image.reference) == .kubelet {
            self.rows[row].pulledBy = Puller.kubelet.rawValue
        }
    }
}

extension CoverageTally {
    /// Adds nodes' cells when each set is a slice. Nodes of one kind that share a row are counted at once.
    mutating func add(_ nodes: [NodeCells]) {
        struct Alike: Hashable {
            var row: ObjectIdentifier
            var kind: Int
        }
        var counts: [Alike: (row: CellRow, nodes: Int)] = [:]
        for node in nodes {
            let row = node.row
            counts[Alike(row: ObjectIdentifier(row), kind: node.kind), default: (row, 0)].nodes += 1
        }
        for (alike, count) in counts { add(count.row, kind: alike.kind, times: count.nodes) }
    }
}
