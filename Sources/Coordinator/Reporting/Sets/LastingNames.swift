import ConfigurationParsing
import ImageSets

/// How images and sets are called where a name stays once it was told, as in Prometheus: prefetches come and go under ever new
/// names, and have one together. So have the images that nothing but prefetches wants.
package struct LastingNames: Sendable {
    package static let prefetches = "(prefetches)"

    /// By column.
    package private(set) var images: [String]
    /// By column: the first one of the same name.
    package private(set) var first: [Int]
    /// By column: the sets that list it, `default` first.
    package private(set) var sets: [[String]]

    package init(_ snapshot: Snapshot) {
        let cells = snapshot.targetNodes.cells
        images = cells.images.map { _ in Self.prefetches }
        first = Array(cells.images.indices)
        sets = cells.images.map { _ in [] }
        for set in cells.sets {
            let isPrefetch = Self.isPrefetch(set.name, isHeld: set.isHeld)
            let name = isPrefetch ? Self.prefetches : set.name
            for column in set.columns {
                if !isPrefetch { images[column] = cells.images[column].name }
                if !sets[column].contains(name) { sets[column].append(name) }
            }
        }
        guard let shared = images.firstIndex(of: Self.prefetches) else { return }
        for column in images.indices where images[column] == Self.prefetches { first[column] = shared }
    }

    package static func isPrefetch(_ set: String, isHeld: Bool) -> Bool { !isHeld || PrefetchOrder.isName(set) }
}
