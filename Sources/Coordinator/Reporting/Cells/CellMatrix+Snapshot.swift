import Cluster
import ImageSets
import Planning

extension CellMatrix {
    /// The cells of the present.
    ///
    /// - Parameter set: which image set counts; nil: all of them.
    package init(_ snapshot: Snapshot, set: String? = nil) {
        var snapshot = snapshot.keeping(nil, set: set)
        let targets = snapshot.targetNodes
        snapshot.knownTargets = targets
        self.init(
            at: snapshot.now, revision: snapshot.revision, evidence: CoverageReport.Evidence(snapshot.configuration),
            targets.cells)
        let cells = snapshot.targetCells()
        for node in cells {
            add(node: node.name, states: node.row.states, reportAgeSeconds: node.reportAgeSeconds)
        }
        labels = LabelColumn.columns(cells.map(\.labels))
    }
}
