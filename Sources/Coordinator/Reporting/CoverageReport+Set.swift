import Cluster
import Formatting
import ImageSets
import Planning
import Shared

extension CoverageReport {
    /// The coverage of one image set beside `default`, by image: of the nodes that it selects, and no others.
    package init(of set: ImageSet, on names: Set<String>, in snapshot: Snapshot) {
        let fleet = snapshot.fleet
        let images = set.listing.images
        let columns = set.references.map(fleet.column(of:))
        var tally = CoverageTally(.image, SetCells([set.listing], nodes: names.count) { _, _ in true })
        nodesLeft = 0
        for name in names.sorted() {
            let listed = fleet.reading(of: name, now: snapshot.now).inventoryAt
            tally.note(age: listed.map { Double(snapshot.now.milliseconds(since: $0)) / 1000 }, slice: nil, kind: 0)
            let platform = snapshot.cluster.nodes[name]?.platform ?? ""
            var isWhole = true
            for (position, column) in columns.enumerated() {
                let state = column.map { fleet.state(node: name, column: $0, now: snapshot.now) } ?? .unknown
                tally.add(state, column: position, slice: nil)
                if !state.isPresent { isWhole = false }
                guard let column else { continue }
                if state == .missing, fleet.isHeldBack(column: column, platform: platform) {
                    tally.addHeldBack(column: position)
                }
                guard state == .failed, let failure = fleet.failure(node: name, column: column) else { continue }
                tally.add(
                    CellFailure(
                        reason: failure.reason, message: failure.message, attempts: failure.attempts,
                        nextAttempt: failure.nextAttempt), column: position, slice: position, node: name)
            }
            if !isWhole { nodesLeft += 1 }
        }
        heldBack = tally.heldBack
        at = snapshot.now.rfc3339
        revision = snapshot.revision
        evidence = Evidence(snapshot.configuration)
        grouping = CoverageGrouping.image.description
        self.set = set.name
        nodes = names.count
        self.images = images.count
        total = tally.total
        rows = tally.finish(now: snapshot.now, outages: snapshot.outages)
    }
}
