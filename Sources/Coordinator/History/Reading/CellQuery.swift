import GRDB

/// Reads the states of cells, now or at a past moment.
///
/// They are what was recorded last. Whether it may be believed is another question: see `HistoryMoment`.
package struct CellQuery: Sendable {
    var node: String?
    var image: String?

    package init(node: String? = nil, image: String? = nil) {
        self.node = node
        self.image = image
    }

    func current(_ db: Database) throws -> [CellRecord] {
        let texts = Texts(db)
        var clause = HistoryWhere()
        try clause.add(HistoryFilter(node: node, image: image), time: "since", id: "since", after: nil)
        let sql = "SELECT node_id, image_id, state, reason, digest_id, since FROM cells \(clause.sql)"
        return try Row.fetchCursor(
            db.cachedStatement(sql: sql), arguments: clause.arguments
        ).map { row in
            let value = Value(state: row[2], reason: row[3], digest: row[4], since: row[5])
            return try texts.record(node: row[0], image: row[1], value)
        }.array()
    }

    /// Of each cell, the last of its transitions whose time isn't after the moment.
    ///
    /// Reads all transitions before the moment: for one node or one image. `PastReader` answers for all of them.
    func at(_ moment: Int64, _ db: Database) throws -> [CellRecord] {
        let texts = Texts(db)
        var clause = HistoryWhere()
        try clause.add(HistoryFilter(node: node, image: image, until: moment), time: "at", id: "id", after: nil)
        let sql = """
            SELECT node_id, image_id, to_state, reason, digest_id, at FROM transitions \(clause.sql) ORDER BY id
            """
        var cells: [Key: Value] = [:]
        let rows = try Row.fetchCursor(
            db.cachedStatement(sql: sql), arguments: clause.arguments)
        while let row = try rows.next() {
            cells[Key(node: row[0], image: row[1])] = Value(
                state: row[2], reason: row[3], digest: row[4], since: row[5])
        }
        return try cells.compactMap { key, value in
            value.state == RecordedState.none.rawValue
                ? nil : try texts.record(node: key.node, image: key.image, value)
        }
    }

    private struct Key: Hashable {
        var node: Int64
        var image: Int64
    }

    private struct Value {
        var state: Int64
        var reason: Int64
        var digest: Int64?
        var since: Int64
    }

    /// The interned texts, each read once: an answer has few or many.
    private final class Texts {
        private let db: Database
        private var nodes: [Int64: String] = [:]
        private var images: [Int64: String] = [:]
        private var digests: [Int64: String] = [:]

        init(_ db: Database) { self.db = db }

        private func text(_ id: Int64, _ known: inout [Int64: String], _ sql: String) throws -> String? {
            if let text = known[id] { return text }
            let text = try String.fetchOne(db.cachedStatement(sql: sql), arguments: [id])
            known[id] = text
            return text
        }

        func record(node: Int64, image: Int64, _ value: Value) throws -> CellRecord {
            guard let state = RecordedState(rawValue: value.state),
                let node = try text(node, &nodes, "SELECT name FROM nodes WHERE id = ?"),
                let image = try text(image, &images, "SELECT reference FROM images WHERE id = ?")
            else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a cell without a name or state") }
            let digest = try value.digest.flatMap { try text($0, &digests, "SELECT value FROM digests WHERE id = ?") }
            return CellRecord(
                node: node, image: image, state: state, reason: RecordedReason(rawValue: value.reason) ?? .unknown,
                digest: digest, since: value.since)
        }
    }
}
