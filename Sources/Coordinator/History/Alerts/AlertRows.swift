import Alerts
import Cluster
import FoundationEssentials
import GRDB
import Planning

/// Reads what alerting has to remember.
package enum AlertRows {
    /// Alerts that fire, and those that were resolved after a moment.
    package static func recent(_ db: Database, imageSet: String, resolvedAfter: Int64) throws -> [Alert] {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT image, reason, starts_at, resolved_at, since, reference, nodes, message, told, end_told
                    FROM alerts WHERE image_set = ? AND (resolved_at IS NULL OR resolved_at > ?) ORDER BY id
                    """), arguments: [imageSet, resolvedAfter])
        return rows.map { row in
            let nodes = (try? JSONDecoder().decode([String].self, from: Data((row[6] as String).utf8))) ?? []
            let end: Int64? = row[3]
            return Alert(
                key: AlertKey(image: row[0], reason: row[1]), reference: row[5], nodes: nodes,
                since: Timestamp(milliseconds: row[4]), message: row[7], startsAt: Timestamp(milliseconds: row[2]),
                resolvedAt: end.map { Timestamp(milliseconds: $0) }, isTold: row[8], isEndTold: row[9])
        }
    }

    /// Since when each image that isn't present has been absent, and why the newest attempt since then failed.
    package static func absences(_ db: Database) throws -> InheritedAbsences {
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT name, reference, since, began.at,
                        (SELECT reason FROM transitions t
                         WHERE t.node_id = absent.node_id AND t.image_id = absent.image_id AND t.to_state = 3
                             AND t.id >= began.id ORDER BY t.id DESC LIMIT 1) AS reason
                    FROM (SELECT node_id, image_id, since,
                            (SELECT max(id) FROM transitions t
                             WHERE t.node_id = c.node_id AND t.image_id = c.image_id
                                 AND t.to_state IN (1, 2, 3) AND t.from_state NOT IN (1, 2, 3)) AS first
                        FROM cells c WHERE c.state IN (1, 2, 3)) absent
                    JOIN nodes ON nodes.id = absent.node_id AND nodes.target = 1
                    JOIN images ON images.id = absent.image_id
                    LEFT JOIN transitions began ON began.id = absent.first
                    """))
        var absences = InheritedAbsences()
        while let row = try rows.next() {
            let since: Int64 = row[2]
            // Retention may have dropped where it began.
            let moment = Timestamp(milliseconds: (row[3] as Int64?) ?? since)
            var absence = AbsenceLedger.Absence(since: moment, counted: moment)
            if let code = row[4] as Int64?, let reason = RecordedReason(rawValue: code) {
                absence.reason = FailureReason(reason)
            }
            absences.add(absence, of: row[1], on: row[0])
        }
        return absences
    }

    /// Until when an earlier run watched; nil when there was none.
    package static func lastAlive(_ db: Database, except run: Int64?) throws -> Timestamp? {
        try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT max(last_alive_at) FROM coordinator_runs WHERE id <> ?"),
            arguments: [run ?? -1]
        ).map { Timestamp(milliseconds: $0) }
    }
}
