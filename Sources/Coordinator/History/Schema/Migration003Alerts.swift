import GRDB

/// Alerts: which images were missing on which nodes for too long, from when until when.
enum Migration003Alerts {
    static let name = "003 alerts"

    static func migrate(_ db: Database) throws {
        try db.execute(
            sql: """
                -- since: when the image began to be missing; starts_at: when the alert was raised; resolved_at: null
                -- while it fires. nodes: JSON. told, end_told: whether the receiver may have heard of it, and of its
                -- end.
                CREATE TABLE alerts (
                    id INTEGER PRIMARY KEY, image_set TEXT NOT NULL, image TEXT NOT NULL, reason TEXT NOT NULL,
                    starts_at INTEGER NOT NULL, resolved_at INTEGER, since INTEGER NOT NULL, reference TEXT NOT NULL,
                    nodes TEXT NOT NULL, message TEXT NOT NULL, told INTEGER NOT NULL, end_told INTEGER NOT NULL,
                    UNIQUE (image_set, image, reason, starts_at));
                CREATE INDEX alerts_by_end ON alerts (resolved_at);
                """)
    }
}
