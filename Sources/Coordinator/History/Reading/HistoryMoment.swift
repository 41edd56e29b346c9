import FoundationEssentials
import GRDB

/// All that coverage of a past moment is computed from: that moment's run, revision, target nodes and cells.
struct HistoryMoment: Sendable {
    /// Milliseconds since 1970, by the coordinator's clock.
    var at: Int64
    /// The coordinator's run at that moment. Nil when nobody watched: all is unknown then.
    var run: CoordinatorRun?
    /// The revision in force, of the wanted image set. Nil when there was none.
    var revision: RevisionRecord?
    /// The target nodes; the cells of one that isn't heard are unknown.
    var nodes: [NodeRecord]
    /// What was recorded last of each cell, of all nodes that were ever seen.
    var cells: [CellRecord]
    /// Whether the moment is before what retention has kept: then all of it is incomplete.
    var isBeforeHorizon: Bool

    /// The cells that were known then: of target nodes that were heard. All others of target nodes are unknown.
    var knownCells: [CellRecord] {
        let known = Set(nodes.lazy.filter(\.isHeard).map(\.name))
        return cells.filter { known.contains($0.node) }
    }

    /// Reads a moment.
    ///
    /// - Parameters:
    ///   - imageSet: Whose revision is wanted.
    ///   - currentRun: The run that is going on now; it covers everything since its start.
    static func read(
        _ db: Database, at: Int64, imageSet: String, currentRun: Int64?, cells: CellQuery
    ) throws -> HistoryMoment {
        let run = try RunQuery.covering(at, current: currentRun, db)
        let horizon = try Int64.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'horizon'")
        return HistoryMoment(
            at: at, run: run, revision: try RevisionQuery.inForce(imageSet, at: at, db),
            nodes: try NodeQuery.at(at, run: run, db), cells: try cells.at(at, db),
            isBeforeHorizon: horizon.map { at < $0 } ?? false)
    }
}

/// Finds the coordinator's run of a moment.
enum RunQuery {
    static func covering(_ at: Int64, current: Int64?, _ db: Database) throws -> CoordinatorRun? {
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT id, started_at, last_alive_at, ended_at FROM coordinator_runs
                WHERE started_at <= ? ORDER BY id DESC
                """, arguments: [at])
        while let row = try rows.next() {
            let run = CoordinatorRun(id: row[0], startedAt: row[1], lastAliveAt: row[2], endedAt: row[3])
            if run.covers(at, isCurrent: run.id == current) { return run }
        }
        return nil
    }
}

/// Finds revisions.
enum RevisionQuery {
    /// The accepted revision of an image set that was in force; now, when no time is given.
    static func inForce(_ imageSet: String, at: Int64? = nil, _ db: Database) throws -> RevisionRecord? {
        let sql = """
            SELECT image_set, number, at, data, findings FROM revisions
            WHERE image_set = ? AND number IS NOT NULL AND at <= ? ORDER BY id DESC LIMIT 1
            """
        return try Row.fetchOne(db, sql: sql, arguments: [imageSet, at ?? .max]).map(record)
    }

    /// Accepted and rejected, newest first.
    static func newest(_ imageSet: String, limit: Int, _ db: Database) throws -> [RevisionRecord] {
        let sql = """
            SELECT image_set, number, at, data, findings FROM revisions
            WHERE image_set = ? ORDER BY id DESC LIMIT ?
            """
        return try Row.fetchCursor(db, sql: sql, arguments: [imageSet, limit]).map(record).array()
    }

    private static func record(_ row: Row) throws -> RevisionRecord {
        RevisionRecord(
            imageSet: row[0], number: row[1], at: row[2], data: try LabelText.decode(row[3]), findings: row[4])
    }
}
