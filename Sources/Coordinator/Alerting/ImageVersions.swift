import Cluster
import Control
import ImageSets
import Planning
import Reporting

/// How many different images nodes have under one reference: more than one where a tag moved.
///
/// Nodes of different platforms have different images under one reference, rightly: each platform counts for itself.
enum ImageVersions {
    /// By image entry, in their order; the most that any platform has.
    static func count(_ snapshot: Snapshot, cells: [NodeCells]) -> [Int] {
        let images = snapshot.images
        let moved = snapshot.fleet.columnsWithSeveralImages
        var counts = ColumnCounts(columns: images.count)
        var different: [String: [[Fleet.ListedImage]]] = [:]
        counts.add(cells.lazy.filter(\.isKnown).map(\.row))
        for node in cells where node.isKnown && !moved.isEmpty {
            let labels = node.node.labels
            let platform = "\(labels["kubernetes.io/os"] ?? "")/\(labels["kubernetes.io/arch"] ?? "")"
            for column in moved where column < images.count && node.row.states[column].isPresent {
                guard let image = snapshot.fleet.image(of: node.name, column: column) else { continue }
                var known = different[platform] ?? Array(repeating: [], count: images.count)
                if !known[column].contains(where: { $0.isSame(as: image) }) { known[column].append(image) }
                different[platform] = known
            }
        }
        return images.indices.map { column in
            if moved.contains(column) { return different.values.map { $0[column].count }.max() ?? 0 }
            return counts.present(column) > 0 ? 1 : 0
        }
    }
}
