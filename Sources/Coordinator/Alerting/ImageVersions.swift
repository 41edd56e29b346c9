import Control
import Planning
import Reporting

/// How many different images nodes have under one reference: more than one where a tag moved.
///
/// Nodes of different platforms have different images under one reference, rightly: each platform counts for itself.
enum ImageVersions {
    /// By image entry, in their order; the most that any platform has.
    static func count(_ snapshot: Snapshot, cells: [NodeCells]) -> [Int] {
        let images = snapshot.configuration.images
        let moved = snapshot.fleet.columnsWithSeveralImages
        var counts = ColumnCounts(columns: images.count)
        var ids: [String: [Set<String>]] = [:]
        counts.add(cells.lazy.filter(\.isKnown).map(\.row))
        for node in cells where node.isKnown && !moved.isEmpty {
            let labels = node.node.labels
            let platform = "\(labels["kubernetes.io/os"] ?? "")/\(labels["kubernetes.io/arch"] ?? "")"
            for column in moved where column < images.count && node.row.states[column].isPresent {
                guard let id = snapshot.fleet.imageID(node: node.name, column: column) else { continue }
                ids[platform, default: Array(repeating: [], count: images.count)][column].insert(id)
            }
        }
        return images.indices.map { column in
            if moved.contains(column) { return ids.values.map { $0[column].count }.max() ?? 0 }
            return counts.present(column) > 0 ? 1 : 0
        }
    }
}
