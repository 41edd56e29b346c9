import Cluster
import History
import ImageSets
import Planning
import Shared

extension CellMatrix {
    /// The cells of a past moment: what the live answer said then.
    package init(_ moment: HistoryMoment) {
        let configuration = moment.revision.flatMap { RevisionNotes(text: $0.findings)?.configuration }
        let images = configuration?.images ?? []
        self.init(
            at: Timestamp(milliseconds: moment.at), revision: Int(clamping: moment.revision?.number ?? 0),
            evidence: CoverageReport.Evidence(configuration), images: images,
            past: CoverageReport.Past(moment))
        let columns = images.map { moment.images[$0.reference.written].flatMap { moment.grid.columns[$0] } ?? [] }
        let nodes = moment.nodes.sorted { $0.name < $1.name }
        for node in nodes {
            let row = Int(node.id)
            add(
                node: node.name,
                states: columns.map { column in
                    node.isHeard && column.indices.contains(row) ? CellState(column[row].state) : .unknown
                }, reportAgeSeconds: nil)
        }
        labels = LabelColumn.columns(nodes.map(\.labels))
    }
}
