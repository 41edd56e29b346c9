/// Which nodes lack or have which image, kept as cells change: so that a plan looks at what is open, not at every cell.
///
/// Nodes stand here by their slot, images by their column.
struct CellIndex: Sendable {
    private(set) var missing: [BitSet] = []
    private(set) var failed: [BitSet] = []
    private(set) var present: [BitSet] = []
    /// Those of the present that no container uses.
    private(set) var unheld: [BitSet] = []

    /// Forgets everything.
    mutating func reset(columns: Int) {
        missing = [BitSet](repeating: BitSet(), count: columns)
        failed = missing
        present = missing
        unheld = missing
    }

    mutating func change(slot: Int, column: Int, from before: CellState, to state: CellState) {
        switch before {
        case .missing: missing[column].remove(slot)
        case .failed: failed[column].remove(slot)
        case .present, .held: present[column].remove(slot)
        case .unknown, .pulling: break
        }
        if before == .present { unheld[column].remove(slot) }
        switch state {
        case .missing: missing[column].insert(slot)
        case .failed: failed[column].insert(slot)
        case .present, .held: present[column].insert(slot)
        case .unknown, .pulling: break
        }
        if state == .present { unheld[column].insert(slot) }
    }
}
