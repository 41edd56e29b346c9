import Cluster

/// Which nodes lack or have which image, kept as cells change: so that a plan looks at what is open, not at every cell.
///
/// Nodes stand here by their slot, images by their column.
struct CellIndex: Sendable {
    private(set) var missing: [BitSet] = []
    private(set) var failed: [BitSet] = []
    private(set) var present: [BitSet] = []
    /// Those of the present that no container uses.
    private(set) var unheld: [BitSet] = []
    /// Those of the present whose image was found to be the one that the tag means by now.
    private(set) var agreeing: [BitSet] = []

    /// Forgets everything.
    mutating func reset(columns: Int) {
        missing = [BitSet](repeating: BitSet(), count: columns)
        failed = missing
        present = missing
        unheld = missing
        agreeing = missing
    }

    /// The nodes have what the tag means.
    mutating func agree(_ slots: BitSet, column: Int) { agreeing[column] = agreeing[column].union(slots) }

    /// The node has another image than before.
    mutating func disagree(slot: Int, column: Int) { agreeing[column].remove(slot) }

    /// The tag means something else: who agrees has to be found out anew.
    mutating func disagree(column: Int) { agreeing[column] = BitSet() }

    mutating func change(slot: Int, column: Int, from before: CellState, to state: CellState) {
        switch before {
        case .missing: missing[column].remove(slot)
        case .failed: failed[column].remove(slot)
        case .present, .held: present[column].remove(slot)
        case .unknown, .pulling, .unwanted: break
        }
        if before == .present { unheld[column].remove(slot) }
        switch state {
        case .missing: missing[column].insert(slot)
        case .failed: failed[column].insert(slot)
        case .present, .held: present[column].insert(slot)
        case .unknown, .pulling, .unwanted: break
        }
        if state == .present { unheld[column].insert(slot) }
    }
}
