import Shared

/// Questions of reports, which look at many cells at once.
extension Fleet {
    /// The states of a node's cells, in the order of the image entries; nil while they are unknown.
    public func cells(of name: String, now: Timestamp) -> ArraySlice<CellState>? {
        guard let node = nodes[name], isKnown(node, now: now) else { return nil }
        return node.cells.prefix(entryCount)
    }
}
