/// One change of a cell, to be stored.
///
/// It says what the cell became. What it was before is taken from the database, so the chain of transitions of a
/// cell never has a gap or a contradiction, whatever was lost in between.
struct TransitionRecord: Sendable, Codable, Hashable {
    var node: String
    /// The reference, in the one spelling that the caller uses for this image everywhere.
    var image: String
    var to: RecordedState
    /// Told apart only while the cell is failed.
    var reason: RecordedReason = .none
    /// The id of the image in the runtime, a digest. Nil when it isn't known: a present cell then keeps the one that it has.
    var digest: String?
    /// Milliseconds since 1970, by the coordinator's clock.
    var at: Int64
}

/// One change of a cell, as it is stored.
struct StoredTransition: Sendable, Codable, Hashable {
    /// Grows with each transition that is committed, and is never used twice in one database.
    var id: Int64
    var at: Int64
    var node: String
    var image: String
    var from: RecordedState
    var to: RecordedState
    var reason: RecordedReason
    var digest: String?
}

/// The state of one cell, now or at a past moment.
struct CellRecord: Sendable, Codable, Hashable {
    var node: String
    var image: String
    var state: RecordedState
    var reason: RecordedReason
    var digest: String?
    /// When the cell changed last. Milliseconds since 1970, by the coordinator's clock.
    var since: Int64
}
