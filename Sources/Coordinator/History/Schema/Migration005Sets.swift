import GRDB

/// Image sets beside `default`: which there were, what each listed, and which nodes it was for. Of `default` the list is in
/// the revisions.
enum Migration005Sets {
    static let name = "005 sets"

    static func migrate(_ db: Database) throws {
        try db.execute(
            sql: """
                -- What changed, in the order of the ids; kind and content: see SetEvent. set_name: null for default, and
                -- where all sets are meant.
                CREATE TABLE set_events (
                    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind INTEGER NOT NULL, set_name TEXT,
                    content BLOB NOT NULL);
                """)
    }
}
