/// How history is doing: for `/readyz`, the log and the metrics.
package struct HistoryHealth: Sendable, Hashable {
    /// Names the database; agents send recent attempts again when it changes. Nil while no database is open.
    package var databaseID: String?
    /// Why nothing is written at present. Nil while all is well.
    package var failure: HistoryError?
    /// Failed transactions and failed tries to open the file, since the start.
    package var errors: UInt64 = 0
    /// Writes that were dropped, since the start. Attempts among them aren't lost: they were not acknowledged.
    package var droppedWrites: UInt64 = 0
    /// Transactions committed since the start. Fewer than writes: that's what grouping is for.
    package var commits: UInt64 = 0
    /// Where unreadable files were set aside, oldest first.
    package var setAside: [String] = []

    package var isWriting: Bool { failure == nil && databaseID != nil }
}
