import GRDB

/// One transaction of the writer: the database and the names known so far.
///
/// What is to be written is written by its extensions, one for each kind of record.
package final class HistorySession {
    let db: Database
    var names: NameCache
    /// The coordinator's run that is going on, if any.
    var runID: Int64?
    /// The newest transition that was written in this transaction.
    var newestTransition: Int64?
    /// When the last of those happened, in Unix milliseconds: so long the run was alive.
    var lastTransitionAt: Int64?

    init(_ db: Database, names: NameCache, runID: Int64?) {
        self.db = db
        self.names = names
        self.runID = runID
    }

    func nodeID(_ name: String) throws -> Int64 {
        if let id = names.nodes[name] { return id }
        let id = try intern(name, table: "nodes", column: "name")
        names.nodes[name] = id
        return id
    }

    func imageID(_ reference: String) throws -> Int64 {
        if let id = names.images[reference] { return id }
        let id = try intern(reference, table: "images", column: "reference")
        names.images[reference] = id
        return id
    }

    func digestID(_ value: String) throws -> Int64 {
        if let id = names.digests[value] { return id }
        let id = try intern(value, table: "digests", column: "value")
        if names.digests.count >= NameCache.maximumDigests { names.digests = [:] }
        names.digests[value] = id
        return id
    }

    func messageID(_ text: String) throws -> Int64 {
        try intern(text, table: "messages", column: "text")
    }

    func bootID(node: Int64, boot: String) throws -> Int64 {
        let find = try db.cachedStatement(sql: "SELECT id FROM boots WHERE node_id = ? AND boot = ?")
        if let id = try Int64.fetchOne(find, arguments: [node, boot]) { return id }
        try run("INSERT INTO boots (node_id, boot) VALUES (?, ?)", [node, boot])
        return db.lastInsertedRowID
    }

    /// Executes a statement that is kept prepared.
    func run(_ sql: String, _ arguments: StatementArguments) throws {
        try db.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    private func intern(_ value: String, table: String, column: String) throws -> Int64 {
        let find = try db.cachedStatement(sql: "SELECT id FROM \(table) WHERE \(column) = ?")
        if let id = try Int64.fetchOne(find, arguments: [value]) { return id }
        try run("INSERT INTO \(table) (\(column)) VALUES (?)", [value])
        return db.lastInsertedRowID
    }
}
