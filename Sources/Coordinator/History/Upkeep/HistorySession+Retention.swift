import GRDB

/// Retention's steps. Each does a bounded piece of work, so that other writes get their turn in between.
///
/// What is kept makes every answer for a moment from the horizon on the same as before: of each cell, the last
/// transition before the horizon; of each node, its last event of membership and of reachability; of each image
/// set, the revision in force at the horizon.
extension HistorySession {
    /// Looks at the next transitions before the horizon, drops those that aren't their cell's last; says where to
    /// go on, and nil at the end.
    func pruneTransitions(before horizon: Int64, after cursor: HistoryCursor?, limit: Int) throws -> PruneStep {
        let find = try db.cachedStatement(
            sql: """
                SELECT at, id FROM transitions WHERE at < ? AND (at, id) > (?, ?) ORDER BY at, id LIMIT ?
                """)
        let drop = """
            DELETE FROM transitions WHERE id = ? AND EXISTS (
                SELECT 1 FROM transitions AS later
                WHERE later.node_id = transitions.node_id AND later.image_id = transitions.image_id
                    AND later.id > transitions.id AND later.at < ?)
            """
        var step = PruneStep()
        var newest: Int64?
        let rows = try Row.fetchAll(find, arguments: [horizon, cursor?.at ?? .min, cursor?.id ?? .min, limit])
        for row in rows {
            let id: Int64 = row[1]
            try run(drop, [id, horizon])
            guard db.changesCount > 0 else { continue }
            step.dropped += 1
            newest = max(newest ?? id, id)
        }
        try noteGap(transition: newest)
        if rows.count == limit, let last = rows.last { step.next = HistoryCursor(at: last[0], id: last[1]) }
        return step
    }

    /// Drops the last transitions of cells that were no more before the horizon, where they are also the first that
    /// is left: an older one of the same cell would come to life again. For the same reason those stay that a keyframe
    /// doesn't know yet.
    func pruneEndedCells(before horizon: Int64, limit: Int) throws -> Int {
        let ended = try Int64.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT id FROM transitions WHERE to_state = 0 AND at < ? AND NOT EXISTS (
                        SELECT 1 FROM transitions AS older
                        WHERE older.node_id = transitions.node_id AND older.image_id = transitions.image_id
                            AND older.id < transitions.id)
                        AND id <= (SELECT coalesce(min(last_id), 9223372036854775807) FROM keyframes)
                    LIMIT ?
                    """), arguments: [horizon, limit])
        for id in ended { try run("DELETE FROM transitions WHERE id = ?", [id]) }
        try noteGap(transition: ended.max())
        return ended.count
    }

    /// Drops the keyframes before the newest one that serves the horizon.
    func pruneKeyframes(before horizon: Int64) throws -> Int {
        try run("DELETE FROM keyframes WHERE id < (SELECT max(id) FROM keyframes WHERE latest <= ?)", [horizon])
        return db.changesCount
    }

    func pruneAttempts(before horizon: Int64, limit: Int) throws -> Int {
        try run(
            "DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE ended_at < ? LIMIT ?)",
            [horizon, limit])
        return db.changesCount
    }

    /// Drops the cells of nodes that left before the horizon, with their transitions; says how many.
    ///
    /// Without it, clusters whose nodes come and go would keep the last state of each node that ever was.
    func pruneLeftNodes(before horizon: Int64, limit: Int) throws -> Int {
        let nodes = try Int64.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT id FROM nodes WHERE target = 0 AND left_at < ?
                        AND NOT EXISTS (SELECT 1 FROM transitions WHERE node_id = nodes.id AND at >= ?)
                        AND (EXISTS (SELECT 1 FROM transitions WHERE node_id = nodes.id)
                            OR EXISTS (SELECT 1 FROM cells WHERE node_id = nodes.id))
                    LIMIT ?
                    """), arguments: [horizon, horizon, limit])
        var dropped = 0
        for node in nodes {
            try run("DELETE FROM cells WHERE node_id = ?", [node])
            try noteGap(
                transition: Int64.fetchOne(
                    db.cachedStatement(sql: "SELECT max(id) FROM transitions WHERE node_id = ?"), arguments: [node]))
            try run("DELETE FROM transitions WHERE node_id = ?", [node])
            dropped += db.changesCount
        }
        if !nodes.isEmpty { try stripNewestKeyframe() }
        return dropped
    }

    /// Drops events that aren't the last of their kind before the horizon; then those that come first and say what
    /// no event would say as well (not a target node, not heard). At most `limit` of each sort.
    func pruneNodeEvents(before horizon: Int64, limit: Int) throws -> Int {
        var dropped = 0
        for kinds in ["1, 2, 3", "4, 5"] {
            try run(
                """
                DELETE FROM node_events WHERE id IN (
                    SELECT id FROM node_events AS event WHERE at < ? AND kind IN (\(kinds)) AND EXISTS (
                        SELECT 1 FROM node_events AS later
                        WHERE later.node_id = event.node_id AND later.id > event.id AND later.at < ?
                            AND later.kind IN (\(kinds)))
                    LIMIT ?)
                """, [horizon, horizon, limit])
            dropped += db.changesCount
        }
        for (kind, kinds) in [(NodeEventCode.left, "1, 2, 3"), (.silent, "4, 5")] {
            try run(
                """
                DELETE FROM node_events WHERE id IN (
                    SELECT id FROM node_events AS event WHERE at < ? AND kind = ? AND NOT EXISTS (
                        SELECT 1 FROM node_events AS older
                        WHERE older.node_id = event.node_id AND older.id < event.id AND older.kind IN (\(kinds)))
                    LIMIT ?)
                """, [horizon, kind.rawValue, limit])
            dropped += db.changesCount
        }
        return dropped
    }

    /// The newest revision stays, accepted or not: its id would be given again, and listeners know it.
    func pruneRevisionsAndRuns(before horizon: Int64) throws -> Int {
        let revisions = try Row.fetchAll(
            db,
            sql: """
                SELECT id, image_set FROM revisions WHERE at < ? AND id < (SELECT max(id) FROM revisions)
                    AND (number IS NULL OR EXISTS (
                        SELECT 1 FROM revisions AS later WHERE later.image_set = revisions.image_set
                            AND later.number IS NOT NULL AND later.id > revisions.id AND later.at < ?))
                ORDER BY id
                """, arguments: [horizon, horizon])
        for row in revisions {
            try run("DELETE FROM revisions WHERE id = ?", [row[0] as Int64])
            try noteGap(revision: row[0], of: row[1])
        }
        try run(
            "DELETE FROM coordinator_runs WHERE coalesce(ended_at, last_alive_at) < ? AND id IS NOT ?",
            [horizon, runID])
        return revisions.count + db.changesCount
    }

    /// Drops interned texts that nothing refers to any more. The newest node and the newest image stay, for their numbers
    /// would be given again, and keyframes speak in numbers.
    func pruneNames() throws -> Int {
        try run("DELETE FROM messages WHERE NOT EXISTS (SELECT 1 FROM attempts WHERE message_id = messages.id)", [])
        var dropped = db.changesCount
        try run("DELETE FROM boots WHERE NOT EXISTS (SELECT 1 FROM attempts WHERE boot_id = boots.id)", [])
        dropped += db.changesCount
        let nodes = try String.fetchAll(
            db,
            sql: """
                SELECT name FROM nodes WHERE target = 0 AND id < (SELECT max(id) FROM nodes)
                    AND NOT EXISTS (SELECT 1 FROM cells WHERE node_id = nodes.id)
                    AND NOT EXISTS (SELECT 1 FROM transitions WHERE node_id = nodes.id)
                    AND NOT EXISTS (SELECT 1 FROM attempts WHERE node_id = nodes.id)
                    AND NOT EXISTS (SELECT 1 FROM boots WHERE node_id = nodes.id)
                    AND NOT EXISTS (SELECT 1 FROM node_events WHERE node_id = nodes.id)
                """)
        for node in nodes {
            try run("DELETE FROM nodes WHERE name = ?", [node])
            names.nodes[node] = nil
        }
        return try dropped + nodes.count + pruneImages() + pruneDigests()
    }

    private func pruneImages() throws -> Int {
        let images = try String.fetchAll(
            db,
            sql: """
                SELECT reference FROM images WHERE id < (SELECT max(id) FROM images)
                    AND NOT EXISTS (SELECT 1 FROM cells WHERE image_id = images.id)
                    AND NOT EXISTS (SELECT 1 FROM transitions WHERE image_id = images.id)
                    AND NOT EXISTS (SELECT 1 FROM attempts WHERE image_id = images.id)
                """)
        for image in images {
            try run("DELETE FROM images WHERE reference = ?", [image])
            names.images[image] = nil
        }
        return images.count
    }

    /// Digests are few, but for nodes that make them up. To find those that nothing refers to takes a look at all
    /// transitions.
    private func pruneDigests() throws -> Int {
        guard try Int.fetchOne(db, sql: "SELECT count(*) FROM digests") ?? 0 > NameCache.maximumDigests else {
            return 0
        }
        try run(
            """
            DELETE FROM digests WHERE id NOT IN (
                SELECT digest_id FROM cells WHERE digest_id IS NOT NULL
                UNION SELECT digest_id FROM transitions WHERE digest_id IS NOT NULL)
            """, [])
        names.digests = [:]
        return db.changesCount
    }

    /// Remembers how far back history is whole.
    func setHorizon(_ horizon: Int64) throws {
        try keepLargest(horizon, "horizon")
    }

    /// Remembers a number unless a larger one is remembered.
    func keepLargest(_ value: Int64, _ key: String) throws {
        try run(
            """
            INSERT INTO meta (key, value) VALUES (?, ?)
            ON CONFLICT DO UPDATE SET value = max(value, excluded.value)
            """, [key, value])
    }

    /// Gives some free pages back to the disk when a fifth of the file is free; tells whether more are left to give.
    /// Less than that will be filled again anyway.
    func vacuum(pages: Int) throws -> Bool {
        let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
        let total = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        guard free * 5 > total else { return false }
        try db.execute(sql: "PRAGMA incremental_vacuum(\(pages))")
        return try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0 < free
    }
}

/// What one step of retention did.
struct PruneStep: Sendable {
    var dropped = 0
    /// Where the next step begins. Nil when there is none.
    var next: HistoryCursor?
}
