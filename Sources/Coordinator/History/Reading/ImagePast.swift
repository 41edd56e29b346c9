import Cluster
import Formatting
import GRDB
import Planning

/// What history remembers of one image.
package struct ImagePast: Sendable {
    /// Of its pulls that brought something.
    package var pullSeconds: [Double] = []
    package var failures: [FailedAttemptCounts] = []
    /// When nodes first had it, when they had it last, and its last transition. Milliseconds since 1970.
    package var firstSeen: Int64?
    package var lastSeen: Int64?
    package var lastChange: Int64?

    package static func read(_ reference: String, since: Int64, _ db: Database) throws -> ImagePast {
        var past = ImagePast()
        guard
            let id = try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT id FROM images WHERE reference = ?"), arguments: [reference])
        else { return past }
        past.lastChange = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT max(at) FROM transitions WHERE image_id = ?"), arguments: [id])
        // A node has it from a transition to one of these states to one from it. Both ends of the index stop soon.
        let present = RecordedState.allCases.filter(\.isPresent).map { "\($0.rawValue)" }.joined(separator: ", ")
        let sightings = """
            SELECT at FROM transitions
            WHERE image_id = ? AND (to_state IN (\(present)) OR from_state IN (\(present))) ORDER BY at
            """
        past.firstSeen = try Int64.fetchOne(
            db.cachedStatement(sql: sightings + " LIMIT 1"), arguments: [id])
        past.lastSeen = try Int64.fetchOne(
            db.cachedStatement(sql: sightings + " DESC LIMIT 1"), arguments: [id])
        past.pullSeconds = try Int64.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT ended_at - started_at FROM attempts WHERE image_id = ? AND ended_at >= ? AND outcome = 1
                        AND bytes > 0
                    ORDER BY ended_at DESC LIMIT 10000
                    """), arguments: [id, since]
        ).map { max(0, Double($0)) / 1000 }.array()
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT reason, count(*), count(DISTINCT node_id), max(ended_at),
                        (SELECT text FROM messages WHERE id = message_id)
                    FROM attempts WHERE image_id = ? AND ended_at >= ? AND outcome <> 1
                    GROUP BY reason ORDER BY count(*) DESC
                    """), arguments: [id, since])
        past.failures = try rows.map { row in
            FailedAttemptCounts(
                reason: FailureReason(row.reason(0))?.rawValue ?? "unknown", attempts: row[1], nodes: row[2],
                example: row[4] ?? "", last: Timestamp(milliseconds: row[3]).rfc3339)
        }.array()
        return past
    }
}
