import Planning

/// Cuts nodes' rows to what reports are about. Nodes whose rows are one object, and that the same sets select, share what
/// is cut of it.
struct RowCutter {
    private struct Key: Hashable {
        var row: ObjectIdentifier
        var kind: Int
    }

    private let cells: SetCells
    private var cut: [Key: CellRow] = [:]
    /// As long as they are here no other row gets their place in memory.
    private var whole: [CellRow] = []
    private var unknown: [Int: CellRow] = [:]

    init(_ cells: SetCells) { self.cells = cells }

    /// - Parameter row: all columns of the fleet; nil: nothing is known.
    mutating func row(_ row: CellRow?, kind: Int) -> CellRow {
        guard let row else {
            let known = unknown[kind] ?? cells.unknownRow(kind: kind)
            unknown[kind] = known
            return known
        }
        guard !cells.isWhole(row, kind: kind) else { return row }
        let key = Key(row: ObjectIdentifier(row), kind: kind)
        if let known = cut[key] { return known }
        let new = cells.row(row, kind: kind)
        cut[key] = new
        whole.append(row)
        return new
    }
}
