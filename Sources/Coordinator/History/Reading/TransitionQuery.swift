import GRDB

/// Lists transitions, newest first.
package struct TransitionQuery: HistoryQuery {
    package var filter = HistoryFilter()
    /// What the cells became; empty means anything.
    package var states: Set<RecordedState> = []
    package var limit = 100
    package var after: HistoryCursor?

    package init(
        filter: HistoryFilter = HistoryFilter(), states: Set<RecordedState> = [], limit: Int = 100,
        after: HistoryCursor? = nil
    ) {
        self.filter = filter
        self.states = states
        self.limit = limit
        self.after = after
    }

    package func page(_ db: Database) throws -> HistoryPage<StoredTransition> {
        var clause = HistoryWhere()
        try clause.add(filter, time: "at", id: "id", after: after)
        if !states.isEmpty {
            clause.add("to_state IN (\(states.map { String($0.rawValue) }.sorted().joined(separator: ",")))")
        }
        // One more than wanted tells whether there is another page.
        let sql = "\(Self.select) \(clause.sql) ORDER BY at DESC, id DESC LIMIT \(limit + 1)"
        let items = try Row.fetchCursor(
            db.cachedStatement(sql: sql), arguments: clause.arguments
        ).map(Self.item).array()
        return HistoryPage(items, limit: limit)
    }

    /// The transitions committed after a known one, oldest first: what a listener missed.
    static func following(_ id: Int64, limit: Int, _ db: Database) throws -> [StoredTransition] {
        try Row.fetchCursor(
            db.cachedStatement(sql: "\(select) WHERE id > ? ORDER BY id LIMIT ?"), arguments: [id, limit]
        )
        .map(item).array()
    }

    /// Names are looked up for the rows of the page alone.
    private static let select = """
        SELECT id, at, (SELECT name FROM nodes WHERE id = node_id),
            (SELECT reference FROM images WHERE id = image_id), from_state, to_state, reason,
            (SELECT value FROM digests WHERE id = digest_id)
        FROM transitions
        """

    private static func item(_ row: Row) throws -> StoredTransition {
        StoredTransition(
            id: row[0], at: row[1], node: row[2], image: row[3], from: try row.state(4), to: try row.state(5),
            reason: row.reason(6), digest: row[7])
    }
}

extension Cursor {
    package func array() throws -> [Element] { try Array(self) }
}
