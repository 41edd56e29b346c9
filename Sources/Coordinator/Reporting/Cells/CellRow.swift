import Planning

/// A node's cells, counted. Most nodes have the same ones, so that neighbours share one row.
final class CellRow: Sendable {
    /// In the order of the image entries.
    let states: [CellState]
    /// How many cells are in each state, by its raw value.
    let counts: [Int]
    let failed: [Int]
    /// Columns that are present and not held.
    let unheld: [Int]

    init(_ states: [CellState]) {
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
    subscript(state: CellState) -> Int { counts[Int(state.rawValue)] }

    /// Cells that are present, held ones included.
    var present: Int { self[.present] + self[.held] }

    /// Cells that are neither present nor unknown.
    var absent: Int { states.count - present - self[.unknown] }

    /// The columns of those.
    var absentColumns: [Int] {
        absent == 0 ? [] : states.indices.filter { states[$0] != .unknown && !states[$0].isPresent }
    }
}

/// Cells by column and state, added up row by row.
struct ColumnCounts {
    private static let states = CellState.allCases.count
    private var counts: [Int]
    /// Neighbours with the same row, which aren't counted yet.
    private var pending: (row: CellRow, nodes: Int)?

    init(columns: Int) { counts = [Int](repeating: 0, count: columns * Self.states) }

    subscript(column: Int, state: CellState) -> Int { counts[column * Self.states + Int(state.rawValue)] }

    mutating func addColumn() { counts.append(contentsOf: repeatElement(0, count: Self.states)) }

    mutating func add(_ state: CellState, column: Int, times: Int = 1) {
        counts[column * Self.states + Int(state.rawValue)] += times
    }

    /// After the last row ``endRows()`` must be called.
    mutating func add(_ row: CellRow) {
        if pending?.row === row {
            pending?.nodes += 1
        } else {
            endRows()
            pending = (row, 1)
        }
    }

    mutating func endRows() {
        guard let (row, nodes) = pending else { return }
        pending = nil
        for (column, state) in row.states.enumerated() { add(state, column: column, times: nodes) }
    }
}
