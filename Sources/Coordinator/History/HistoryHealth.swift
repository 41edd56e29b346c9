/// How history is doing: for `/readyz`, the log and the metrics.
struct HistoryHealth: Sendable, Hashable {
    /// Names the database; agents send recent attempts again when it changes. Nil while no database is open.
    var databaseID: String?
    /// Why nothing is written at present. Nil while all is well.
    var failure: HistoryError?
    /// Failed transactions and failed tries to open the file, since the start.
    var errors: UInt64 = 0
    /// Writes that were dropped, since the start. Attempts among them aren't lost: they were not acknowledged.
    var droppedWrites: UInt64 = 0
    /// Transactions committed since the start. Fewer than writes: that's what grouping is for.
    var commits: UInt64 = 0
    /// Where unreadable files were set aside, oldest first.
    var setAside: [String] = []

    var isWriting: Bool { failure == nil && databaseID != nil }
}
