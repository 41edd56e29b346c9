import Planning

/// The cells of one image set, counted.
package struct SetCounts: Sendable {
    package var name: String
    /// Whether containers of a DaemonSet hold its images.
    package var isHeld: Bool
    package var nodes = 0
    /// Columns of the images that it lists.
    package var columns: Set<Int> = []
    package var counts = CoverageCounts()

    /// Adds another set's: of cells and nodes that both want, each counts.
    package mutating func add(_ other: SetCounts) {
        nodes += other.nodes
        columns.formUnion(other.columns)
        counts.add(other.counts)
    }

    /// Those of all sets, `default` first.
    ///
    /// - Parameter nodes: of the snapshot.
    package static func all(_ snapshot: Snapshot, _ nodes: [NodeCells]) -> [SetCounts] {
        let cells = snapshot.targetNodes.cells
        var tally = CoverageTally(.set, cells)
        tally.add(nodes)
        var sets = zip(cells.sets, tally.finish(now: snapshot.now, withAges: false)).map { set, row in
            SetCounts(name: set.name, isHeld: set.isHeld, columns: Set(set.columns), counts: row.counts)
        }
        for node in nodes { for set in cells.kinds[node.kind].sets { sets[set].nodes += 1 } }
        return sets
    }
}
