import Cluster
import ImageSets
import Planning

extension CellMatrix {
    /// The cells of the present.
    ///
    /// - Parameter set: which image set counts; nil: all of them.
    package init(_ snapshot: Snapshot, set: String? = nil) {
        var whole = snapshot
        whole.knownTargets = snapshot.targetNodes
        let snapshot = whole.keeping(nil, set: set)
        self.init(
            at: snapshot.now, revision: snapshot.revision, evidence: CoverageReport.Evidence(snapshot.configuration),
            snapshot.targetNodes.cells, of: whole.targetNodes.cells)
        let cells = snapshot.targetCells()
        for node in cells {
            add(node: node.name, states: node.row.states, reportAgeSeconds: node.reportAgeSeconds)
        }
        labels = LabelColumn.columns(cells.map(\.labels))
    }
}
