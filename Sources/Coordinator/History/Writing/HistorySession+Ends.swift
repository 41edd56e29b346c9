import GRDB

/// What has ended while nobody watched.
extension HistorySession {
    /// Ends the membership of all target nodes but these.
    package func endTargets(except names: Set<String>, at: Int64) throws {
        for name in try String.fetchAll(db, sql: "SELECT name FROM nodes WHERE target = 1 ORDER BY id")
        where !names.contains(name) {
            try record(NodeEventRecord(node: name, event: .left, at: at))
        }
    }

    /// Ends cells of all images but these, at most `limit` of them; says how many.
    func endCells(except references: Set<String>, at: Int64, limit: Int) throws -> Int {
        var count = 0
        for image in try String.fetchAll(db, sql: "SELECT reference FROM images ORDER BY id")
        where count < limit && !references.contains(image) {
            let nodes = try String.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT (SELECT name FROM nodes WHERE id = node_id) FROM cells
                        WHERE image_id = (SELECT id FROM images WHERE reference = ?) LIMIT ?
                        """), arguments: [image, limit - count])
            for node in nodes { try record(TransitionRecord(node: node, image: image, to: .none, at: at)) }
            count += nodes.count
        }
        return count
    }
}
