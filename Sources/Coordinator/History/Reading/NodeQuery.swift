import GRDB

/// Reads which nodes were targets, and whether they were heard.
struct NodeQuery: Sendable {
    /// The target nodes as recorded last.
    static func current(_ db: Database) throws -> [NodeRecord] {
        let rows = try Row.fetchCursor(
            db.cachedStatement(sql: "SELECT name, labels, heard FROM nodes WHERE target = 1 ORDER BY id"))
        return try rows.map { row in
            NodeRecord(name: row[0], labels: try LabelText.decode(row[1]), isHeard: row[2] == 1)
        }.array()
    }
}
