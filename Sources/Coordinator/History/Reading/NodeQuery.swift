import GRDB

/// Reads which nodes were targets, and whether they were heard.
struct NodeQuery: Sendable {
    /// The target nodes as recorded last.
    static func current(_ db: Database) throws -> [NodeRecord] {
        let rows = try Row.fetchCursor(db, sql: "SELECT name, labels, heard FROM nodes WHERE target = 1 ORDER BY id")
        return try rows.map { row in
            NodeRecord(name: row[0], labels: try LabelText.decode(row[1]), isHeard: row[2] == 1)
        }.array()
    }

    /// The target nodes at a moment: by the last events whose time isn't after it.
    ///
    /// - Parameter run: The coordinator's run at that moment. What was heard before it doesn't count.
    static func at(_ moment: Int64, run: CoordinatorRun?, _ db: Database) throws -> [NodeRecord] {
        struct State {
            var labels: String?
            var heardAt: Int64?
        }
        var targets: [Int64: State] = [:]
        var heard: [Int64: Int64] = [:]
        let rows = try Row.fetchCursor(
            db, sql: "SELECT node_id, kind, at, labels FROM node_events WHERE at <= ? ORDER BY id",
            arguments: [moment])
        while let row = try rows.next() {
            let node: Int64 = row[0]
            switch NodeEventCode(rawValue: row[1]) {
            case .joined, .labelsChanged: targets[node] = State(labels: row[3])
            case .left: targets[node] = nil
            case .silent: heard[node] = nil
            case .heard: heard[node] = row[2]
            case nil: break
            }
        }
        let find = try db.cachedStatement(sql: "SELECT name FROM nodes WHERE id = ?")
        return try targets.sorted { $0.key < $1.key }.compactMap { node, state in
            guard let name = try String.fetchOne(find, arguments: [node]) else { return nil }
            let isHeard = run.flatMap { run in heard[node].map { $0 >= run.startedAt } } ?? false
            return NodeRecord(name: name, labels: try LabelText.decode(state.labels), isHeard: isHeard)
        }
    }
}
