/// A node's cells, counted. Most nodes have the same ones, and share a row.
public final class CellRow: Sendable {
    /// In the order of the columns that image sets list.
    public let states: [CellState]
    /// How many cells are in each state, by its raw value.
    let counts: [Int]
    /// Columns whose last attempt failed.
    public let failed: [Int]
    /// Columns that are present and not held.
    public let unheld: [Int]

    public init(_ states: [CellState]) {
        self.states = states
        var counts = [Int](repeating: 0, count: CellState.allCases.count)
        for state in states { counts[Int(state.rawValue)] += 1 }
        // In most rows there are none.
        func columns(_ wanted: CellState) -> [Int] {
            counts[Int(wanted.rawValue)] == 0 ? [] : states.indices.filter { states[$0] == wanted }
        }
        failed = columns(.failed)
        unheld = columns(.present)
        self.counts = counts
    }

    /// How many cells are in a state.
    public subscript(state: CellState) -> Int { counts[Int(state.rawValue)] }

    /// Cells that are present, held ones included.
    public var present: Int { self[.present] + self[.held] }

    /// Cells that some image set wants.
    public var wanted: Int { states.count - self[.unwanted] }

    /// Whether everything that is wanted is present.
    public var isWhole: Bool { present == wanted }

    /// Cells that are neither present nor unknown.
    public var absent: Int { wanted - present - self[.unknown] }

    /// The columns of those.
    public var absentColumns: [Int] {
        absent == 0 ? [] : states.indices.filter { states[$0].isAbsent }
    }
}
