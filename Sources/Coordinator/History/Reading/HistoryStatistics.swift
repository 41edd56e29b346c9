import GRDB

/// How big history is.
package struct HistoryStatistics: Sendable, Codable, Hashable {
    /// Rows by table.
    package var rows: [String: Int64]
    /// Bytes of the database and its log on disk; in memory, of its pages.
    package var bytes: Int64
    /// Bytes of the database that are free for new rows.
    var freeBytes: Int64
    /// What is older was dropped by retention. Nil when nothing was yet. Milliseconds since 1970.
    var horizon: Int64?

    static let tables = [
        "attempts", "cells", "coordinator_runs", "digests", "images", "messages", "node_events", "nodes",
        "revisions", "transitions",
    ]

    static func read(_ db: Database, file: HistoryFile?) throws -> HistoryStatistics {
        var rows: [String: Int64] = [:]
        for table in tables {
            rows[table] =
                try Int64.fetchOne(
                    db.cachedStatement(sql: "SELECT count(*) FROM \(table)")) ?? 0
        }
        let size = try Int64.fetchOne(db, sql: "PRAGMA page_size") ?? 0
        let pages = try Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        let free = try Int64.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
        return HistoryStatistics(
            rows: rows, bytes: file?.bytes() ?? size * pages, freeBytes: size * free,
            horizon: try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT value FROM meta WHERE key = 'horizon'")))
    }
}
