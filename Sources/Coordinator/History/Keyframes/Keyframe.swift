import FoundationEssentials
import GRDB

/// The state of all cells after some transition.
struct Keyframe: Sendable {
    var mark: Mark
    /// None of the transitions that it holds is later. Milliseconds since 1970.
    var latest: Int64
    /// None of the transitions since the keyframe before it is earlier. Milliseconds since 1970.
    var earliest: Int64
    var grid: CellGrid

    /// What has to be known of the last keyframe to tell when the next is due.
    struct Mark: Sendable, Equatable {
        /// The newest transition that it holds.
        var lastID: Int64
        var cells: Int64
    }

    /// Takes the cells as they stand in a snapshot. Nil when nothing happened since the last keyframe.
    ///
    /// What happened since then is applied to it: a tenth of the cells, where reading all of them would keep a
    /// processor from others for as long as half a second.
    static func take(_ db: Database) throws -> Keyframe? {
        let previous = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT last_id, latest, states FROM keyframes ORDER BY id DESC LIMIT 1"))
        let since: Int64 = previous?[0] ?? 0
        let known = previous.flatMap { try? CellGrid(bytes: [UInt8]($0[2] as Data)) }
        var grid = known ?? CellGrid()
        var last: Int64?
        var earliest = Int64.max
        var latest: Int64 = previous?[1] ?? .min
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: "SELECT id, at, image_id, node_id, to_state, reason FROM transitions WHERE id > ? ORDER BY id"),
            arguments: [since])
        while let row = try rows.next() {
            last = row[0]
            earliest = min(earliest, row[1])
            latest = max(latest, row[1])
            if known != nil { try grid.set(CellCode(state: row[4], reason: row[5]), image: row[2], node: row[3]) }
        }
        guard let last else { return nil }
        if known == nil { grid = try allCells(db) }
        return Keyframe(
            mark: Mark(lastID: last, cells: Int64(grid.count)), latest: latest, earliest: earliest, grid: grid)
    }

    /// The cells as they stand, read one by one.
    static func allCells(_ db: Database) throws -> CellGrid {
        var grid = CellGrid()
        let rows = try Row.fetchCursor(
            db.cachedStatement(sql: "SELECT image_id, node_id, state, reason FROM cells"))
        while let row = try rows.next() {
            try grid.set(CellCode(state: row[2], reason: row[3]), image: row[0], node: row[1])
        }
        return grid
    }

    static func lastMark(_ db: Database) throws -> Mark? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT last_id, cells FROM keyframes ORDER BY id DESC LIMIT 1")
        ).map {
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
            [
                mark.lastID, keyframe.latest, keyframe.earliest, mark.cells, Data(try living(keyframe.grid).bytes),
                mark.lastID,
            ])
    }

    /// Takes the cells out of the newest keyframe that retention has dropped without a transition: should their node
    /// come back, they would come to life again.
    func stripNewestKeyframe() throws {
        guard
            let row = try Row.fetchOne(
                db.cachedStatement(sql: "SELECT id, states FROM keyframes ORDER BY id DESC LIMIT 1")),
            let grid = try? CellGrid(bytes: [UInt8](row[1] as Data))
        else { return }
        try run("UPDATE keyframes SET states = ? WHERE id = ?", [Data(try living(grid).bytes), row[0] as Int64])
    }

    /// Without the cells of nodes that left and have none any more.
    private func living(_ grid: CellGrid) throws -> CellGrid {
        var grid = grid
        let nodes = try Int64.fetchSet(
            db.cachedStatement(
                sql: """
                    SELECT id FROM nodes WHERE target IS NOT 0 OR EXISTS (SELECT 1 FROM cells WHERE node_id = nodes.id)
                    """))
        grid.keep(nodes: nodes)
        return grid
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
