import Planning

extension CellMatrix {
    /// The cells of the present.
    init(_ snapshot: Snapshot) {
        let images = snapshot.configuration.images
        let isRestricted = snapshot.configuration.runtimeSocket == .none
        self.init(
            at: snapshot.now, revision: snapshot.revision, evidence: isRestricted ? .podStatuses : .runtimes,
            images: images)
        let cells = snapshot.targetCells()
        for node in cells {
            add(node: node.name, states: node.row.states, reportAgeSeconds: node.reportAgeSeconds)
        }
        labels = LabelColumn.columns(cells.map(\.node.labels))
    }
}
