import Cluster
import ImageSets
import Planning

extension CellMatrix {
    /// The cells of the present.
    package init(_ snapshot: Snapshot) {
        self.init(
            at: snapshot.now, revision: snapshot.revision, evidence: CoverageReport.Evidence(snapshot.configuration),
            images: snapshot.configuration.images)
        let cells = snapshot.targetCells()
        for node in cells {
            add(node: node.name, states: node.row.states, reportAgeSeconds: node.reportAgeSeconds)
        }
        labels = LabelColumn.columns(cells.map(\.labels))
    }
}
