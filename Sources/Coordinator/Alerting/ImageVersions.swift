import Planning

/// How many different images nodes have under one reference: more than one where a tag moved.
///
/// Nodes of different platforms have different images under one reference, rightly: each platform counts for itself.
enum ImageVersions {
    /// By image entry, in their order; the most that any platform has.
    static func count(_ snapshot: Snapshot, cells: [NodeCells]) -> [Int] {
        let images = snapshot.configuration.images
        let moved = snapshot.fleet.columnsWithSeveralImages
        var isPresent = [Bool](repeating: false, count: images.count)
        var ids: [String: [Set<String>]] = [:]
        for node in cells where node.isKnown {
            let labels = node.node.labels
            let platform = "\(labels["kubernetes.io/os"] ?? "")/\(labels["kubernetes.io/arch"] ?? "")"
            var sets = ids[platform] ?? Array(repeating: [], count: images.count)
            ids[platform] = nil
            node.forEach { column, state in
                guard state.isPresent else { return }
                isPresent[column] = true
                guard moved.contains(column),
                    let id = snapshot.fleet.imageID(node: node.name, column: column)
                else { return }
                sets[column].insert(id)
            }
            ids[platform] = sets
        }
        return images.indices.map { column in
            moved.contains(column) ? ids.values.map { $0[column].count }.max() ?? 0 : isPresent[column] ? 1 : 0
        }
    }
}
