import GRDB

/// All that coverage of a past moment is computed from: that moment's run, revision, target nodes and cells.
package struct HistoryMoment: Sendable {
    /// A target node at the moment.
    package struct Node: Sendable, Hashable {
        /// Its row of the grid.
        package var id: Int64
        package var name: String
        /// Empty when the reader was told that nobody asks for them.
        package var labels: [String: String]
        /// Whether a report of that run was fresh enough. If not, the node's cells are unknown.
        package var isHeard: Bool
    }

    /// Milliseconds since 1970, by the coordinator's clock.
    package var at: Int64
    /// The coordinator's run at that moment. Nil when nobody watched: all is unknown then.
    package var run: CoordinatorRun?
    /// The revision in force, of the wanted image set. Nil when there was none.
    package var revision: RevisionRecord?
    /// The target nodes; the cells of one that isn't heard are unknown.
    package var nodes: [Node]
    /// The image sets beside `default`, and the nodes that each set was for.
    package var sets = RecordedSets()
    /// What was recorded last of each cell, of all nodes that were ever seen.
    package var grid: CellGrid
    /// The grid's columns by their references.
    package var images: [String: Int64]
    /// Whether the moment is before what retention has kept: then all of it is incomplete.
    package var isBeforeHorizon: Bool
    /// When the first of the coordinator's runs began that are remembered; nil when there are none.
    package var beginning: Int64?

    /// A cell that was known then.
    struct Cell: Sendable, Hashable {
        var node: String
        var image: String
        var state: RecordedState
        var reason: RecordedReason
    }

    /// The cells that were known then: of target nodes that were heard. All others of target nodes are unknown.
    var knownCells: [Cell] {
        nodes.filter(\.isHeard).flatMap { node in
            images.compactMap { reference, image in
                let code = grid[image: image, node: node.id]
                guard code != .none else { return nil }
                return Cell(node: node.name, image: reference, state: code.state, reason: code.reason)
            }
        }
    }
}

/// Finds the coordinator's run of a moment.
enum RunQuery {
    static func covering(_ at: Int64, current: Int64?, _ db: Database) throws -> CoordinatorRun? {
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT id, started_at, last_alive_at, ended_at FROM coordinator_runs
                    WHERE started_at <= ? ORDER BY id DESC
                    """), arguments: [at])
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
        return try Row.fetchOne(
            db.cachedStatement(sql: sql), arguments: [imageSet, at ?? .max]
        ).map(record)
    }

    /// Accepted and rejected, newest first.
    static func newest(_ imageSet: String, limit: Int, _ db: Database) throws -> [RevisionRecord] {
        let sql = """
            SELECT image_set, number, at, data, findings FROM revisions
            WHERE image_set = ? ORDER BY id DESC LIMIT ?
            """
        return try Row.fetchCursor(
            db.cachedStatement(sql: sql), arguments: [imageSet, limit]
        ).map(record).array()
    }

    private static func record(_ row: Row) throws -> RevisionRecord {
        RevisionRecord(
            imageSet: row[0], number: row[1], at: row[2], data: try LabelText.decode(row[3]), findings: row[4])
    }
}
