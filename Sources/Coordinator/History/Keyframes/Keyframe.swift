import FoundationEssentials
import GRDB

/// The state of all cells after some transition.
struct Keyframe: Sendable {
    var mark: Mark
    /// None of the transitions that it holds is later. Milliseconds since 1970.
    var latest: Int64
    /// None of the transitions since the keyframe before it is earlier. Milliseconds since 1970.
    var earliest: Int64
    var states: [UInt8]

    /// What has to be known of the last keyframe to tell when the next is due.
    struct Mark: Sendable, Equatable {
        /// The newest transition that it holds.
        var lastID: Int64
        var cells: Int64
    }

    /// Takes the cells as they stand in a snapshot. Nil when nothing happened since the last keyframe.
    static func take(_ db: Database) throws -> Keyframe? {
        let previous = try Row.fetchOne(db, sql: "SELECT last_id, latest FROM keyframes ORDER BY id DESC LIMIT 1")
        let since: Int64 = previous?[0] ?? 0
        let range = try Row.fetchOne(
            db, sql: "SELECT max(id), min(at), max(at) FROM transitions WHERE id > ?", arguments: [since])
        guard let range, let last = range[0] as Int64?, let earliest = range[1] as Int64?,
            let latest = range[2] as Int64?
        else { return nil }
        var grid = CellGrid()
        var count: Int64 = 0
        // In the order of the index, so that one column after another is filled.
        let rows = try Row.fetchCursor(db, sql: "SELECT image_id, node_id, state, reason FROM cells")
        while let row = try rows.next() {
            try grid.set(CellCode(state: row[2], reason: row[3]), image: row[0], node: row[1])
            count += 1
        }
        return Keyframe(
            mark: Mark(lastID: last, cells: count), latest: max(latest, previous?[1] ?? .min), earliest: earliest,
            states: grid.bytes)
    }

    static func lastMark(_ db: Database) throws -> Mark? {
        try Row.fetchOne(db, sql: "SELECT last_id, cells FROM keyframes ORDER BY id DESC LIMIT 1").map {
            Mark(lastID: $0[0], cells: $0[1])
        }
    }
}

extension HistorySession {
    /// Stores a keyframe, unless a newer one is there.
    func record(_ keyframe: Keyframe) throws {
        let mark = keyframe.mark
        try run(
            """
            INSERT INTO keyframes (last_id, latest, earliest, cells, states)
            SELECT ?, ?, ?, ?, ? WHERE ? > (SELECT coalesce(max(last_id), 0) FROM keyframes)
            """,
            [mark.lastID, keyframe.latest, keyframe.earliest, mark.cells, Data(keyframe.states), mark.lastID])
    }
}

extension HistoryStore {
    /// Makes a keyframe of what is committed.
    ///
    /// The cells are read from a snapshot beside the writer, which then only stores the result: whatever is committed
    /// in between isn't part of the keyframe and comes after it.
    ///
    /// - Returns: the newest keyframe's mark.
    @discardableResult
    func makeKeyframe() async throws -> Keyframe.Mark? {
        guard let keyframe = try await read({ db in try Keyframe.take(db) }) else {
            return try await read { db in try Keyframe.lastMark(db) }
        }
        try await write { session in try session.record(keyframe) }
        return keyframe.mark
    }
}
