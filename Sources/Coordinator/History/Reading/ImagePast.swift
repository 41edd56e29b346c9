import GRDB
import Planning

/// What history remembers of one image.
struct ImagePast: Sendable {
    /// Of its pulls that brought something.
    var pullSeconds: [Double] = []
    var failures: [ImageReport.FailedAttempts] = []
    /// The first and the last of its transitions. Milliseconds since 1970.
    var first: Int64?
    var last: Int64?

    static func read(_ reference: String, since: Int64, _ db: Database) throws -> ImagePast {
        var past = ImagePast()
        guard let id = try Int64.fetchOne(db, sql: "SELECT id FROM images WHERE reference = ?", arguments: [reference])
        else { return past }
        past.first = try Int64.fetchOne(db, sql: "SELECT min(at) FROM transitions WHERE image_id = ?", arguments: [id])
        past.last = try Int64.fetchOne(db, sql: "SELECT max(at) FROM transitions WHERE image_id = ?", arguments: [id])
        past.pullSeconds = try Int64.fetchCursor(
            db,
            sql: """
                SELECT ended_at - started_at FROM attempts WHERE image_id = ? AND ended_at >= ? AND outcome = 1
                    AND bytes > 0
                ORDER BY ended_at DESC LIMIT 10000
                """, arguments: [id, since]
        ).map { max(0, Double($0)) / 1000 }.array()
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT reason, count(*), count(DISTINCT node_id), max(ended_at),
                    (SELECT text FROM messages WHERE id = message_id)
                FROM attempts WHERE image_id = ? AND ended_at >= ? AND outcome <> 1
                GROUP BY reason ORDER BY count(*) DESC
                """, arguments: [id, since])
        past.failures = try rows.map { row in
            ImageReport.FailedAttempts(
                reason: FailureReason(row.reason(0))?.rawValue ?? "unknown", attempts: row[1], nodes: row[2],
                example: row[4] ?? "", last: Timestamp(milliseconds: row[3]).rfc3339)
        }.array()
        return past
    }
}
