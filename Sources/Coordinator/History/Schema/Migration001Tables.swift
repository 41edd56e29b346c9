import GRDB

/// The first tables.
///
/// The big ones hold numbers only: names, references, messages and digests are interned. Codes of states, reasons,
/// outcomes and events are the raw values of `RecordedState`, `RecordedReason`, `RecordedOutcome` and `NodeEventCode`.
/// Times are milliseconds since 1970 by the coordinator's clock.
///
/// The order of a cell's transitions (and of a node's events) is that of their ids. Times mostly agree, but clocks
/// can be set back.
enum Migration001Tables {
    static let name = "001 tables"

    static func migrate(_ db: Database) throws {
        try db.execute(sql: names)
        try db.execute(sql: cells)
        try db.execute(sql: attempts)
        try db.execute(sql: rest)
        try db.execute(
            sql: "INSERT INTO meta (key, value) VALUES ('database_id', lower(hex(randomblob(16))))")
    }

    private static let names = """
        CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value NOT NULL) WITHOUT ROWID;
        -- target: null before the node ever joined, 1 while it is a target node, 0 after it left (at left_at).
        -- labels, heard: the newest ones, so that events that change nothing aren't written.
        CREATE TABLE nodes (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
            target INTEGER, left_at INTEGER, labels TEXT, heard INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE images (id INTEGER PRIMARY KEY, reference TEXT NOT NULL UNIQUE);
        CREATE TABLE digests (id INTEGER PRIMARY KEY, value TEXT NOT NULL UNIQUE);
        CREATE TABLE messages (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
        CREATE TABLE boots (
            id INTEGER PRIMARY KEY, node_id INTEGER NOT NULL REFERENCES nodes(id), boot TEXT NOT NULL,
            UNIQUE (node_id, boot));
        """

    private static let cells = """
        -- The newest transition of each cell, kept for quick answers and to know what a cell changes from.
        CREATE TABLE cells (
            node_id INTEGER NOT NULL REFERENCES nodes(id), image_id INTEGER NOT NULL REFERENCES images(id),
            state INTEGER NOT NULL, reason INTEGER NOT NULL, digest_id INTEGER REFERENCES digests(id),
            since INTEGER NOT NULL,
            PRIMARY KEY (node_id, image_id)) WITHOUT ROWID;
        CREATE INDEX cells_by_image ON cells (image_id, state);
        -- Autoincrement: ids are handed to clients as positions, so none may come twice.
        CREATE TABLE transitions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            node_id INTEGER NOT NULL REFERENCES nodes(id), image_id INTEGER NOT NULL REFERENCES images(id),
            from_state INTEGER NOT NULL, to_state INTEGER NOT NULL, reason INTEGER NOT NULL,
            digest_id INTEGER REFERENCES digests(id), at INTEGER NOT NULL);
        CREATE INDEX transitions_by_cell ON transitions (node_id, image_id);
        CREATE INDEX transitions_by_image ON transitions (image_id, at);
        CREATE INDEX transitions_by_time ON transitions (at);
        -- What retention may drop altogether: the last rows of cells that are no more.
        CREATE INDEX transitions_to_none ON transitions (at) WHERE to_state = 0;
        """

    private static let attempts = """
        CREATE TABLE attempts (
            id INTEGER PRIMARY KEY,
            boot_id INTEGER NOT NULL REFERENCES boots(id), attempt INTEGER NOT NULL,
            node_id INTEGER NOT NULL REFERENCES nodes(id), image_id INTEGER NOT NULL REFERENCES images(id),
            started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL,
            outcome INTEGER NOT NULL, reason INTEGER NOT NULL, message_id INTEGER REFERENCES messages(id),
            bytes INTEGER NOT NULL,
            UNIQUE (boot_id, attempt));
        CREATE INDEX attempts_by_node ON attempts (node_id, ended_at);
        CREATE INDEX attempts_by_image ON attempts (image_id, ended_at);
        CREATE INDEX attempts_by_time ON attempts (ended_at);
        CREATE INDEX attempts_failed ON attempts (ended_at) WHERE outcome <> 1;
        CREATE INDEX attempts_by_message ON attempts (message_id) WHERE message_id IS NOT NULL;
        """

    private static let rest = """
        -- number: null for a rejected edit. data, findings: JSON.
        CREATE TABLE revisions (
            id INTEGER PRIMARY KEY, image_set TEXT NOT NULL, number INTEGER, at INTEGER NOT NULL,
            data TEXT NOT NULL, findings TEXT NOT NULL);
        -- labels: JSON, with joined and labelsChanged.
        CREATE TABLE node_events (
            id INTEGER PRIMARY KEY, node_id INTEGER NOT NULL REFERENCES nodes(id), kind INTEGER NOT NULL,
            at INTEGER NOT NULL, labels TEXT);
        CREATE INDEX node_events_by_node ON node_events (node_id);
        CREATE INDEX node_events_by_time ON node_events (at);
        CREATE TABLE coordinator_runs (
            id INTEGER PRIMARY KEY, started_at INTEGER NOT NULL, last_alive_at INTEGER NOT NULL, ended_at INTEGER);
        """
}
