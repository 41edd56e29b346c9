import Cluster
import Formatting
import ImageSets
import Planning
import Shared

extension CoverageReport {
    /// Computes the report of the present.
    ///
    /// - Parameter selector: which nodes count; nil: all target nodes.
    package init(_ snapshot: Snapshot, by grouping: CoverageGrouping, selector: LabelFilter? = nil) {
        let snapshot = selector.map(snapshot.keeping) ?? snapshot
        let images = snapshot.configuration.images
        let isRestricted = snapshot.configuration.runtimeSocket == .none
        var tally = CoverageTally(grouping, images: images)
        var heldBack: [String: [Int]] = [:]
        let cells = snapshot.targetCells()
        let isHoldingBack = !isRestricted && snapshot.fleet.isHoldingBack
        let deviations = DeviationIndex(snapshot)
        nodesLeft = 0
        for node in cells {
            let slice = tally.slice(node: node.name, labels: grouping.needsLabels ? node.labels : [:])
            tally.note(age: node.reportAgeSeconds, slice: slice)
            let row = node.row
            if let slice { tally.add(row, slice: slice) }
            if row.present < images.count { nodesLeft += 1 }
            for column in row.failed {
                guard let failure = node.failure(column) else { continue }
                tally.add(
                    failure, column: column, slice: slice, node: node.name,
                    deviation: deviations[node.name, images[column].name])
            }
            for hang in deviations.hanging(on: node.name) where row.states[hang.column] == .pulling {
                tally.add(hanging: hang, column: hang.column, slice: slice)
            }
            for column in row.unheld {
                if let refusal = snapshot.fleet.refusal(node: node.name, column: column, now: snapshot.now) {
                    tally.add(refusal, of: node.container(column), column: column, slice: slice, node: node.name)
                    continue
                }
                tally.add(notHeldBy: node.container(column), column: column, slice: slice, node: node.name)
            }
            guard isHoldingBack, row[.missing] > 0 else { continue }
            let platform = node.node.platform
            let columns = heldBack[platform] ?? snapshot.fleet.columnsHeldBack(platform: platform)
            heldBack[platform] = columns
            for column in columns where row.states[column] == .missing { tally.addHeldBack(column: column) }
        }
        if grouping == .image { tally.add(cells.lazy.map(\.row)) }
        self.heldBack = tally.heldBack
        at = snapshot.now.rfc3339
        revision = snapshot.revision
        evidence = Evidence(snapshot.configuration)
        self.grouping = grouping.description
        self.selector = selector?.text
        nodes = cells.count
        self.images = images.count
        total = tally.total
        self.rows = tally.finish(now: snapshot.now, outages: snapshot.outages)
        if !isRestricted { reportIntervalSeconds = snapshot.fleet.heartbeatSeconds }
        guard grouping == .image, !isRestricted else { return }
        for (row, image) in images.enumerated() where snapshot.fleet.puller(of: image.reference) == .kubelet {
            self.rows[row].pulledBy = Puller.kubelet.rawValue
        }
    }
}
