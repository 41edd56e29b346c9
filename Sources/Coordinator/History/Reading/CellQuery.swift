import GRDB

/// Reads the states of cells, now or at a past moment.
///
/// They are what was recorded last. Whether it may be believed is another question: see `HistoryMoment`.
struct CellQuery: Sendable {
    var node: String?
    var image: String?

    func current(_ db: Database) throws -> [CellRecord] {
        let texts = try Texts(db)
        var clause = HistoryWhere()
        clause.add(HistoryFilter(node: node, image: image), time: "since", id: "since", after: nil)
        let sql = "SELECT node_id, image_id, state, reason, digest_id, since FROM cells \(clause.sql)"
        return try Row.fetchCursor(db, sql: sql, arguments: clause.arguments).map { row in
            let value = Value(state: row[2], reason: row[3], digest: row[4], since: row[5])
            return try texts.record(node: row[0], image: row[1], value)
        }.array()
    }

    /// Of each cell, the last of its transitions whose time isn't after the moment.
    ///
    /// Reads all transitions before the moment: for one node or one image. `PastReader` answers for all of them.
    func at(_ moment: Int64, _ db: Database) throws -> [CellRecord] {
        let texts = try Texts(db)
        var clause = HistoryWhere()
        clause.add(HistoryFilter(node: node, image: image, until: moment), time: "at", id: "id", after: nil)
        let sql = """
            SELECT node_id, image_id, to_state, reason, digest_id, at FROM transitions \(clause.sql) ORDER BY id
            """
        var cells: [Key: Value] = [:]
        let rows = try Row.fetchCursor(db, sql: sql, arguments: clause.arguments)
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

    /// The interned texts: a few thousand, read once for many cells.
    private struct Texts {
        var nodes: [Int64: String]
        var images: [Int64: String]
        var digests: [Int64: String]

        init(_ db: Database) throws {
            nodes = try Self.table(db, "SELECT id, name FROM nodes")
            images = try Self.table(db, "SELECT id, reference FROM images")
            digests = try Self.table(db, "SELECT id, value FROM digests")
        }

        private static func table(_ db: Database, _ sql: String) throws -> [Int64: String] {
            var texts: [Int64: String] = [:]
            let rows = try Row.fetchCursor(db, sql: sql)
            while let row = try rows.next() { texts[row[0]] = row[1] as String }
            return texts
        }

        func record(node: Int64, image: Int64, _ value: Value) throws -> CellRecord {
            guard let state = RecordedState(rawValue: value.state), let node = nodes[node], let image = images[image]
            else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a cell without a name or state") }
            return CellRecord(
                node: node, image: image, state: state, reason: RecordedReason(rawValue: value.reason) ?? .unknown,
                digest: value.digest.flatMap { digests[$0] }, since: value.since)
        }
    }
}
