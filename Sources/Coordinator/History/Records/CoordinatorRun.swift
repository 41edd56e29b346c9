/// One run of the coordinator as leader: outside of them nobody watched, and every cell is unknown.
package struct CoordinatorRun: Sendable, Codable, Hashable {
    var id: Int64
    /// Milliseconds since 1970, by the coordinator's clock; so are the others.
    var startedAt: Int64
    var lastAliveAt: Int64
    /// Nil while it runs, and for ever when it ended without a word: then `lastAliveAt` is all that is known.
    var endedAt: Int64?

    /// Whether the run covers a moment. The run that is going on covers everything since its start.
    func covers(_ at: Int64, isCurrent: Bool) -> Bool {
        at >= startedAt && (at <= (endedAt ?? lastAliveAt) || isCurrent)
    }
}
