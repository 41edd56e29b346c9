/// One finished attempt. (node, boot id, attempt id) names it: stored once, however often it is sent.
package struct AttemptRecord: Sendable, Codable, Hashable {
    package var node: String
    var bootID: String
    /// Counts within the boot.
    var attemptID: Int64
    package var image: String
    /// Milliseconds since 1970, by the coordinator's clock.
    package var startedAt: Int64
    /// Milliseconds since 1970, by the coordinator's clock.
    package var endedAt: Int64
    package var outcome: RecordedOutcome
    package var reason: RecordedReason = .none
    /// The runtime's message; empty on success. Cut at `AttemptRecord.maximumMessageBytes`.
    package var message = ""
    /// Size of the pulled image as the runtime counts, 0 when the node had it before, or it isn't known.
    package var bytes: Int64 = 0

    package init(
        node: String, bootID: String, attemptID: Int64, image: String, startedAt: Int64, endedAt: Int64,
        outcome: RecordedOutcome, reason: RecordedReason = .none, message: String = "", bytes: Int64 = 0
    ) {
        self.node = node
        self.bootID = bootID
        self.attemptID = attemptID
        self.image = image
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.outcome = outcome
        self.reason = reason
        self.message = message
        self.bytes = bytes
    }

    /// Messages longer than that say nothing more, and a broken runtime must not fill the disk. UTF-8 bytes.
    static let maximumMessageBytes = 2048
}

/// One attempt, as it is stored.
package struct StoredAttempt: Sendable, Codable, Hashable {
    /// The row; of use for paging only.
    var id: Int64
    package var attempt: AttemptRecord
}
