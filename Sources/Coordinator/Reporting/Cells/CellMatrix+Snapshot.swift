import Planning

extension CellMatrix {
    /// The cells of the present.
    init(_ snapshot: Snapshot) {
        let targets = snapshot.targets
        let images = snapshot.configuration.images
        let isRestricted = snapshot.configuration.runtimeSocket == .none
        self.init(
            at: snapshot.now, revision: snapshot.revision, evidence: isRestricted ? .podStatuses : .runtimes,
            images: images)
        let pods =
            isRestricted
            ? Dictionary(grouping: snapshot.cluster.pods.values.filter { !$0.isTerminating }, by: \.node) : [:]
        let unknown = Array(repeating: CellState.unknown, count: images.count)
        for node in targets {
            if isRestricted {
                let pods = node.isReady ? pods[node.name] ?? [] : []
                let states = images.map { image in
                    pods.first { $0.containers[image.name] != nil }?.presence(of: image.name).state ?? .unknown
                }
                add(node: node.name, states: states, reportAgeSeconds: nil)
                continue
            }
            let cells = snapshot.fleet.cells(of: node.name, now: snapshot.now)
            let age = snapshot.fleet.nodes[node.name]?.inventoryAt.map {
                Double(snapshot.now.milliseconds(since: $0)) / 1000
            }
            add(
                node: node.name,
                states: cells.flatMap { $0.count >= images.count ? $0.prefix(images.count) : nil }
                    ?? unknown[...], reportAgeSeconds: age)
        }
        labels = LabelColumn.columns(targets.map(\.labels))
    }
}
