import Planning

/// Cells by column and state.
package struct ColumnCounts {
    private static let states = CellState.allCases.count
    private var counts: [Int]

    package init(columns: Int) { counts = [Int](repeating: 0, count: columns * Self.states) }

    package subscript(column: Int, state: CellState) -> Int { counts[column * Self.states + Int(state.rawValue)] }

    mutating func addColumn() { counts.append(contentsOf: repeatElement(0, count: Self.states)) }

    mutating func add(_ state: CellState, column: Int, times: Int = 1) {
        counts[column * Self.states + Int(state.rawValue)] += times
    }

    /// Adds nodes' rows. Neighbours that share one are counted at once.
    package mutating func add(_ rows: some Sequence<CellRow>) {
        var last: CellRow?
        var nodes = 0
        for row in rows {
            if row !== last {
                add(last, times: nodes)
                (last, nodes) = (row, 0)
            }
            nodes += 1
        }
        add(last, times: nodes)
    }

    private mutating func add(_ row: CellRow?, times: Int) {
        guard let row else { return }
        for (column, state) in row.states.enumerated() { add(state, column: column, times: times) }
    }

    /// Cells that are present, held ones included.
    package func present(_ column: Int) -> Int { self[column, .present] + self[column, .held] }

    /// Cells that an image set wants.
    package func wanted(_ column: Int) -> Int {
        CellState.allCases.reduce(0) { $0 + ($1 == .unwanted ? 0 : self[column, $1]) }
    }

    /// Cells that are neither present nor unknown.
    package func absent(_ column: Int) -> Int {
        self[column, .missing] + self[column, .pulling] + self[column, .failed]
    }
}
