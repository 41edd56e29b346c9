/// One change of a cell, to be stored.
///
/// It says what the cell became. What it was before is taken from the database, so the chain of transitions of a
/// cell never has a gap or a contradiction, whatever was lost in between.
package struct TransitionRecord: Sendable, Codable, Hashable {
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

    package init(
        node: String, image: String, to: RecordedState, reason: RecordedReason = .none, digest: String? = nil, at: Int64
    ) {
        self.node = node
        self.image = image
        self.to = to
        self.reason = reason
        self.digest = digest
        self.at = at
    }
}

/// One change of a cell, as it is stored.
package struct StoredTransition: Sendable, Codable, Hashable {
    /// Grows with each transition that is committed, and is never used twice in one database.
    package var id: Int64
    package var at: Int64
    package var node: String
    package var image: String
    package var from: RecordedState
    package var to: RecordedState
    package var reason: RecordedReason
    package var digest: String?
}

/// The state of one cell, now or at a past moment.
package struct CellRecord: Sendable, Codable, Hashable {
    var node: String
    var image: String
    package var state: RecordedState
    var reason: RecordedReason
    var digest: String?
    /// When the cell changed last. Milliseconds since 1970, by the coordinator's clock.
    package var since: Int64
}
