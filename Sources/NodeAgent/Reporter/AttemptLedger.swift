import Shared

/// Finished attempts, kept until the coordinator has stored them and for ten minutes more, should its database
/// turn out to be another one.
struct AttemptLedger: Sendable {
    /// One finished try.
    struct Entry: Sendable, Equatable {
        let id: UInt64
        let pull: PullBoard.Key
        let startedAt: Duration
        let endedAt: Duration
        let result: PullRunner.Result
        /// The image's id and size, when the pull succeeded and the runtime lists it.
        let imageID: String
        let bytes: UInt64
        /// Whether some answered report has held it. One that hasn't is news.
        fileprivate(set) var isDelivered = false
        fileprivate(set) var acknowledgedAt: Duration?
    }

    /// More are dropped, those that are stored first.
    static let capacity = 1_000
    static let retention = Duration.seconds(600)

    /// In the order of their ids.
    private(set) var entries: [Entry] = []
    private var lastID: UInt64 = 0
    private var databaseID = ""

    /// How many go into one report. The coordinator's refusal of a large report halves it.
    private(set) var limit = AttemptLedger.capacity

    @discardableResult
    mutating func append(
        _ pull: PullBoard.Key, from start: Duration, to end: Duration, result: PullRunner.Result,
        imageID: String = "", bytes: UInt64 = 0
    ) -> UInt64 {
        lastID += 1
        entries.append(
            Entry(
                id: lastID, pull: pull, startedAt: start, endedAt: end, result: result, imageID: imageID, bytes: bytes))
        if entries.count > Self.capacity {
            entries.remove(at: entries.firstIndex { $0.acknowledgedAt != nil } ?? entries.startIndex)
        }
        return lastID
    }

    /// The oldest that aren't acknowledged.
    var due: [Entry] { Array(entries.lazy.filter { $0.acknowledgedAt == nil }.prefix(limit)) }

    /// Whether there's one that was never delivered.
    var hasNews: Bool { entries.contains { $0.acknowledgedAt == nil && !$0.isDelivered } }

    /// Takes the answer to a report that held the attempts `sent`.
    mutating func answered(sent: Set<UInt64>, acknowledged: UInt64, databaseID: String, at now: Duration) {
        if !databaseID.isEmpty {
            if !self.databaseID.isEmpty, self.databaseID != databaseID {
                // What the former database has, this one doesn't, but for those that were just sent.
                for index in entries.indices {
                    entries[index].acknowledgedAt = nil
                    entries[index].isDelivered = false
                }
            }
            self.databaseID = databaseID
        }
        for index in entries.indices where entries[index].acknowledgedAt == nil {
            guard sent.contains(entries[index].id) else { continue }
            entries[index].isDelivered = true
            if entries[index].id <= acknowledged { entries[index].acknowledgedAt = now }
        }
        forget(at: now)
    }

    mutating func forget(at now: Duration) {
        entries.removeAll { $0.acknowledgedAt.map { now - $0 > Self.retention } ?? false }
    }

    mutating func halveLimit() { limit = max(1, min(limit, due.count) / 2) }
}

extension AttemptLedger.Entry {
    /// As it goes over the wire, with the ages of this moment.
    func wire(at now: Duration) -> WireAttempt {
        var attempt = WireAttempt()
        attempt.id = id
        attempt.pullID = pull.id
        attempt.reference = pull.reference
        attempt.startedAgeMs = (now - startedAt).wholeMilliseconds
        attempt.endedAgeMs = (now - endedAt).wholeMilliseconds
        attempt.outcome = result.outcome
        attempt.message = result.message
        attempt.grpcCode = UInt32(clamping: result.code)
        attempt.imageID = imageID
        attempt.bytes = bytes
        attempt.refusedCredentials = result.refusedCredentials
        return attempt
    }
}
