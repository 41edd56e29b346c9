import GRDB

/// Lists attempts by their end, newest first.
package struct AttemptQuery: HistoryQuery {
    package var filter = HistoryFilter()
    /// Only attempts that did not succeed.
    package var failedOnly = false
    package var limit = 100
    package var after: HistoryCursor?

    package init(
        filter: HistoryFilter = HistoryFilter(), failedOnly: Bool = false, limit: Int = 100, after: HistoryCursor? = nil
    ) {
        self.filter = filter
        self.failedOnly = failedOnly
        self.limit = limit
        self.after = after
    }

    package func page(_ db: Database) throws -> HistoryPage<StoredAttempt> {
        var clause = HistoryWhere()
        try clause.add(filter, time: "ended_at", id: "id", after: after)
        if failedOnly { clause.add("outcome <> 1") }
        let sql = """
            SELECT id, (SELECT name FROM nodes WHERE id = node_id), (SELECT boot FROM boots WHERE id = boot_id),
                attempt, (SELECT reference FROM images WHERE id = image_id), started_at, ended_at, outcome, reason,
                (SELECT text FROM messages WHERE id = message_id), bytes
            FROM attempts \(clause.sql) ORDER BY ended_at DESC, id DESC LIMIT \(limit + 1)
            """
        let items = try Row.fetchCursor(
            db.cachedStatement(sql: sql), arguments: clause.arguments
        ).map { row in
            StoredAttempt(
                id: row[0],
                attempt: AttemptRecord(
                    node: row[1], bootID: row[2], attemptID: row[3], image: row[4], startedAt: row[5],
                    endedAt: row[6], outcome: row.outcome(7), reason: row.reason(8), message: row[9] ?? "",
                    bytes: row[10]))
        }.array()
        return HistoryPage(items, limit: limit)
    }
}
