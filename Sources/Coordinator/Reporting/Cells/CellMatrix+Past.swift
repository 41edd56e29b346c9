import Cluster
import History
import ImageSets
import Planning
import Shared

extension CellMatrix {
    /// The cells of a past moment: what the live answer said then.
    ///
    /// - Parameter set: which image set counts; nil: all of them.
    package init(_ moment: HistoryMoment, set: String? = nil) {
        let configuration = moment.revision.flatMap { RevisionNotes(text: $0.findings)?.configuration }
        let past = PastCells(moment, configuration, set: set)
        self.init(
            at: Timestamp(milliseconds: moment.at), revision: Int(clamping: moment.revision?.number ?? 0),
            evidence: CoverageReport.Evidence(configuration), past.cells, of: past.whole,
            past: CoverageReport.Past(moment))
        for (number, node) in past.nodes.enumerated() {
            let kind = past.cells.kind(number)
            add(
                node: node.name,
                states: past.cells.images.indices.map { column in
                    past.cells.kinds[kind].wants(column)
                        ? CellState(past.code(column, of: node, kind: kind).state) : .unwanted
                }, reportAgeSeconds: nil)
        }
        labels = LabelColumn.columns(past.nodes.map(\.labels))
    }
}
