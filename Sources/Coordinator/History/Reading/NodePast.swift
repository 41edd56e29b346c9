import GRDB

/// What history remembers of one node.
package struct NodePast: Sendable {
    /// Milliseconds since 1970.
    package var joinedAt: Int64?
    package var leftAt: Int64?
    /// The cells as recorded last, by reference.
    package var cells: [String: CellRecord]

    package static func read(_ name: String, _ db: Database) throws -> NodePast {
        let sql = """
            SELECT max(at) FROM node_events WHERE node_id = (SELECT id FROM nodes WHERE name = ?) AND kind = ?
            """
        let joined = try Int64.fetchOne(
            db.cachedStatement(sql: sql), arguments: [name, NodeEventCode.joined.rawValue])
        let left = try Int64.fetchOne(
            db.cachedStatement(sql: sql), arguments: [name, NodeEventCode.left.rawValue])
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT (SELECT reference FROM images WHERE id = image_id), state, reason, since FROM cells
                    WHERE node_id = (SELECT id FROM nodes WHERE name = ?)
                    """), arguments: [name])
        var cells: [String: CellRecord] = [:]
        while let row = try rows.next() {
            guard let image = row[0] as String? else { continue }
            cells[image] = CellRecord(
                node: name, image: image, state: try row.state(1), reason: row.reason(2), digest: nil, since: row[3])
        }
        return NodePast(joinedAt: joined, leftAt: left.flatMap { $0 > joined ?? .min ? $0 : nil }, cells: cells)
    }
}
