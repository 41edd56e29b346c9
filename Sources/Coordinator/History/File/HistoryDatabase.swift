import GRDB

/// Where the database lies.
package enum HistoryLocation: Sendable, Hashable {
    case file(String)
    /// Gone with the process: for tests.
    case memory

    package var path: String {
        switch self {
        case .file(let path): path
        case .memory: ":memory:"
        }
    }
}

/// An open database of the newest schema.
struct HistoryDatabase: Sendable {
    let connections: any DatabaseWriter
    /// Made once for each database; a restored backup has another.
    let id: String
    /// Held as long as the database is open. None in memory.
    private let lock: HistoryLock?

    /// Opens the database, makes it when there is none, and brings its schema up to date.
    ///
    /// - Parameter fileSystemType: The type of the file system that holds a path, if known.
    static func open(
        _ location: HistoryLocation,
        fileSystemType: (String) -> String? = { NetworkFileSystem.type(of: $0) }
    ) throws(HistoryError) -> HistoryDatabase {
        guard case .file(let path) = location else {
            return try migrated(path: location.path, lock: nil) {
                try DatabaseQueue(configuration: configuration())
            }
        }
        let file = HistoryFile(path: path)
        if let type = fileSystemType(file.directory), NetworkFileSystem.refuses(type) {
            throw HistoryError(kind: .networkFileSystem, path: path, detail: "\(file.directory) is \(type)")
        }
        let lock = try HistoryLock(database: path)
        file.removeLeftovers()
        switch try file.content() {
        case .absent: break
        case .ours: try refuseNewer(path)
        case .notSQLite:
            throw HistoryError(kind: .corrupted, path: path, detail: "it does not begin as a SQLite database does")
        case .foreign(let id):
            throw HistoryError(kind: .foreignFile, path: path, detail: "its application id is \(id)")
        }
        return try migrated(path: path, lock: lock) {
            let pool = try DatabasePool(path: path, configuration: configuration())
            // GRDB has set NORMAL, which can lose what was committed last when the machine stops. Writes are grouped,
            // so a sync for each group costs little.
            try pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA synchronous = FULL") }
            return pool
        }
    }

    /// Closes all connections, after waiting for the queries that are running.
    func close() throws(HistoryError) {
        do {
            try Self.close(connections)
        } catch {
            throw HistoryError(error, path: connections.path)
        }
    }

    /// Looks at the schema through a connection that writes nothing: opening a pool already writes.
    private static func refuseNewer(_ path: String) throws(HistoryError) {
        let unknown: [String]
        do {
            let connection = try DatabaseQueue(path: path)
            unknown = try connection.read { db in
                try HistorySchema.migrator.appliedIdentifiers(db)
                    .subtracting(HistorySchema.migrator.migrations).sorted()
            }
            try connection.close()
        } catch {
            throw HistoryError(error, path: path)
        }
        guard unknown.isEmpty else {
            throw HistoryError(kind: .newerSchema, path: path, detail: "unknown: \(unknown.joined(separator: ", "))")
        }
    }

    private static func close(_ connections: any DatabaseWriter) throws {
        if let pool = connections as? DatabasePool {
            // The last connection to go moves the log into the database, but a reader can't, and one that comes just
            // now (a keyframe's) may be the last. So the log is moved here, while nobody reads. What can't be read any
            // more must be closed all the same.
            _ = try? pool.barrierWriteWithoutTransaction { db in try db.checkpoint(.truncate) }
            pool.releaseMemory()
        }
        try connections.close()
    }

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "history"
        configuration.maximumReaderCount = 4
        configuration.prepareDatabase { db in
            if db.configuration.readonly { return }
            if try Int.fetchOne(db, sql: "PRAGMA page_count") == 0 {
                // Only possible before the first page is written. With it, retention can give space back in steps.
                try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
                try db.execute(sql: "PRAGMA application_id = \(HistoryFile.applicationID)")
            }
            try db.execute(sql: "PRAGMA cache_size = -16384")
            // A long query makes the log grow; afterwards it gets cut to this.
            try db.execute(sql: "PRAGMA journal_size_limit = \(64 << 20)")
        }
        return configuration
    }

    private static func migrated(
        path: String, lock: HistoryLock?, _ connect: () throws -> any DatabaseWriter
    ) throws(HistoryError) -> HistoryDatabase {
        var opened: (any DatabaseWriter)?
        do {
            let connections = try connect()
            opened = connections
            try HistorySchema.migrator.migrate(connections)
            let id = try connections.read { db in
                try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'database_id'")
            }
            guard let id else {
                throw HistoryError(kind: .corrupted, path: path, detail: "it has no id")
            }
            return HistoryDatabase(connections: connections, id: id, lock: lock)
        } catch {
            // The files may be renamed next, so no connection may be left: SQLite removes its log by name.
            if let opened { try? close(opened) }
            throw HistoryError(error, path: path)
        }
    }
}
