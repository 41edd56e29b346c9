import FoundationEssentials
import GRDB

extension HistorySession {
    /// Stores what is other than it was of the image sets; tells whether anything is.
    @discardableResult
    package func record(_ note: SetNote, at: Int64) throws -> Bool {
        var new = RecordedSets()
        new.sets = try note.sets.map { entry in
            var set = RecordedSet(name: entry.name)
            set.list = entry.list
            set.nodes = try Set(entry.nodes.map(nodeID))
            return set
        }
        new.excluded = try Set(note.excluded.map(nodeID))
        var replay = names.sets == nil ? try SetReplay(db) : nil
        let events = (names.sets ?? replay?.newest() ?? RecordedSets()).events(to: new)
        names.sets = new
        for event in events { try insert(event, at: at) }
        return !events.isEmpty
    }

    private func insert(_ event: SetEvent, id: Int64? = nil, at: Int64) throws {
        try run(
            "INSERT INTO set_events (id, at, kind, set_name, content) VALUES (?, ?, ?, ?, ?)",
            [id, at, event.kind, event.name, try event.content()])
    }

    /// Puts what leads to the sets of the horizon in place of all events before it.
    ///
    /// Where the clock was set back, those stay that come after one which isn't before the horizon.
    ///
    /// - Returns: how many events were dropped.
    func pruneSetEvents(before horizon: Int64) throws -> Int {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT id, at, kind, set_name, content FROM set_events WHERE at < ? AND id < (
                    SELECT coalesce(min(id), 9223372036854775807) FROM set_events WHERE at >= ?) ORDER BY id
                """, arguments: [horizon, horizon])
        var state = RecordedSets()
        for row in rows { state.apply(try SetEvent(kind: row[2], name: row[3], content: row[4])) }
        let events = RecordedSets().events(to: state)
        guard events.count < rows.count, let last = rows.last else { return 0 }
        try run("DELETE FROM set_events WHERE id <= ?", [last[0] as Int64])
        let latest = rows.map { $0[1] as Int64 }.max() ?? last[1]
        // Theirs are the last of the ids that became free.
        for (event, row) in zip(events, rows.suffix(events.count)) { try insert(event, id: row[0], at: latest) }
        return rows.count - events.count
    }
}
