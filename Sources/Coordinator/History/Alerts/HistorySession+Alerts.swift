import Alerts
import Cluster
import FoundationEssentials
import GRDB
import Planning

extension HistorySession {
    /// Resolved alerts are kept for so long, in milliseconds: 90 days.
    static let alertRetention: Int64 = 90 * 86_400_000

    /// Stores an alert as it is now; drops those that ended long before it.
    package func record(_ alert: Alert, imageSet: String) throws {
        let nodes = String(decoding: try JSONEncoder().encode(alert.nodes), as: UTF8.self)
        try run(
            """
            INSERT INTO alerts (image_set, image, reason, starts_at, resolved_at, since, reference, nodes, message, told,
                end_told)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET resolved_at = excluded.resolved_at, since = excluded.since,
                reference = excluded.reference, nodes = excluded.nodes, message = excluded.message,
                told = excluded.told, end_told = excluded.end_told
            """,
            [
                imageSet, alert.key.image, alert.key.reason, alert.startsAt.milliseconds,
                alert.resolvedAt?.milliseconds, alert.since.milliseconds, alert.reference, nodes, alert.message,
                alert.isTold, alert.isEndTold,
            ])
        guard alert.isFiring else { return }
        try run("DELETE FROM alerts WHERE resolved_at < ?", [alert.startsAt.milliseconds - Self.alertRetention])
    }
}
