/// One finished attempt. (node, boot id, attempt id) names it: stored once, however often it is sent.
struct AttemptRecord: Sendable, Codable, Hashable {
    var node: String
    var bootID: String
    /// Counts within the boot.
    var attemptID: Int64
    var image: String
    /// Milliseconds since 1970, by the coordinator's clock.
    var startedAt: Int64
    /// Milliseconds since 1970, by the coordinator's clock.
    var endedAt: Int64
    var outcome: RecordedOutcome
    var reason: RecordedReason = .none
    /// The runtime's message; empty on success. Cut at `AttemptRecord.maximumMessageBytes`.
    var message = ""
    /// Size of the pulled image as the runtime counts, 0 when the node had it before, or it isn't known.
    var bytes: Int64 = 0

    /// Messages longer than that say nothing more, and a broken runtime must not fill the disk. UTF-8 bytes.
    static let maximumMessageBytes = 2048
}

/// One attempt, as it is stored.
struct StoredAttempt: Sendable, Codable, Hashable {
    /// The row; of use for paging only.
    var id: Int64
    var attempt: AttemptRecord
}
