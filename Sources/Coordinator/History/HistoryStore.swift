import GRDB

/// The history of the fleet in one SQLite database.
///
/// - One writer: what is recorded while a transaction is being committed goes into the next one together, and each
///   caller returns when its own is committed.
/// - Reads run beside it, each on a snapshot of its own.
/// - Nothing here ever stops the coordinator: when the database can't be written, writes are dropped and counted,
///   `health` says why, and after `retryInterval` one is tried again. A corrupted file is set aside and a new one
///   begun. `takeGap()` then says that the caller has to record the present state again.
/// - Recording what is recorded already changes nothing, so it can be repeated at will.
package actor HistoryStore {
    package nonisolated let configuration: HistoryConfiguration
    package private(set) var health = HistoryHealth()

    private var database: HistoryDatabase?
    private var names = NameCache()
    private var pending: [any PendingWrite] = []
    private var isDraining = false
    private var isClosed = false
    private var retryAt: ContinuousClock.Instant?
    /// The open database turned out to be corrupted: it is replaced as soon as it can be closed.
    private var isCorrupted = false
    /// Writes were dropped since the last one that succeeded.
    private var isDropping = false
    private var hasGap = false
    private var run = CurrentRun()
    private var keyframes = KeyframeClock()

    /// The coordinator's run as this store knows it.
    private struct CurrentRun {
        /// When the caller began it. Nil before and after.
        var startedAt: Int64?
        /// Its row. Nil until it is written, and after writes were dropped: what comes then is a run of its own,
        /// so that the time in between counts as unwatched.
        var id: Int64?
    }

    /// Writes of one transaction at most.
    private static let maximumGroup = 256

    package init(_ configuration: HistoryConfiguration) {
        self.configuration = configuration
    }

    /// Opens the database. Writes and reads do it by themselves; this tells early how it goes.
    @discardableResult
    package func open() -> HistoryHealth {
        do {
            _ = try usableDatabase()
        } catch {
            fail(error)
        }
        return health
    }

    /// Commits what waits, then closes the database. Whatever is recorded later is dropped.
    package func close() async {
        if isClosed { return }
        isClosed = true
        if isDraining {
            let _: Void? = try? await withCheckedThrowingContinuation { continuation in
                pending.append(PendingResult(continuation) { _ in })
            }
        }
        if let database { try? database.close() }
        database = nil
        health.databaseID = nil
    }

    /// Whether writes were dropped since the last call and writing works again: the caller then records the state
    /// of all its nodes and cells anew.
    package func takeGap() -> Bool {
        defer { hasGap = false }
        return hasGap
    }

    /// The row of the coordinator's run that is going on.
    package var currentRunID: Int64? { run.id }

    func setRunStart(_ at: Int64?) {
        run = CurrentRun(startedAt: at, id: nil)
    }

    // MARK: Writing

    /// Does work inside of a transaction, together with other writers' work; returns once it is committed.
    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (HistorySession) throws -> Value
    ) async throws -> Value {
        guard !isClosed else {
            health.droppedWrites += 1
            throw HistoryError(kind: .other, path: configuration.location.path, detail: "history is closed")
        }
        return try await withCheckedThrowingContinuation { continuation in
            pending.append(PendingResult(continuation, body))
            if !isDraining {
                isDraining = true
                // Not the caller's task: its cancellation must not lose other callers' writes.
                Task { await drain() }
            }
        }
    }

    private func drain() async {
        while !pending.isEmpty {
            let group = Array(pending.prefix(Self.maximumGroup))
            pending.removeFirst(group.count)
            do {
                try await commit(group)
                for write in group { write.committed() }
            } catch {
                fail(error)
                isDropping = true
                health.droppedWrites += UInt64(group.count)
                for write in group { write.failed(error) }
            }
        }
        isDraining = false
    }

    private func commit(_ group: [any PendingWrite]) async throws(HistoryError) {
        let database = try usableDatabase(forWriting: true)
        let path = configuration.location.path
        let known = (names: names, runID: isDropping ? nil : run.id)
        var begin: Int64?
        if let startedAt = run.startedAt, known.runID == nil {
            begin = run.id == nil && !isDropping ? startedAt : configuration.now()
        }
        let runStart = begin
        do {
            let new = try await database.connections.write { db in
                let session = HistorySession(db, names: known.names, runID: known.runID)
                if let runStart { session.runID = try session.beginRun(at: runStart) }
                for write in group { try write.run(session, path: path) }
                if let id = session.runID, let at = session.lastTransitionAt { try session.heartbeat(run: id, at: at) }
                return (names: session.names, runID: session.runID, transition: session.newestTransition)
            }
            if let transition = new.transition { noteTransition(transition) }
            names = new.names
            if run.startedAt != nil { run.id = new.runID }
        } catch {
            throw HistoryError(error, path: path)
        }
        health.commits += 1
        health.failure = nil
        retryAt = nil
        if isDropping {
            isDropping = false
            hasGap = true
        }
    }

    /// Has a keyframe made when one is due; in a task of its own, so that no writer waits for it.
    private func noteTransition(_ id: Int64) {
        guard !isClosed, keyframes.begin(at: id, every: configuration.keyframeTransitions) else { return }
        Task {
            let mark = try? await makeKeyframe()
            keyframes.end(mark)
        }
    }

    // MARK: Reading

    /// Reads from a snapshot.
    package func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        guard !isClosed else {
            throw HistoryError(kind: .other, path: configuration.location.path, detail: "history is closed")
        }
        let connections = try usableDatabase().connections
        do {
            return try await connections.read(body)
        } catch let error as CancellationError {
            throw error
        } catch {
            let error = HistoryError(error, path: configuration.location.path)
            if error.kind == .corrupted { fail(error) }
            throw error
        }
    }

    /// The connections themselves, for what takes longer than a query should.
    func connectionsForBackup() throws(HistoryError) -> any DatabaseWriter {
        try usableDatabase().connections
    }

    // MARK: Opening

    /// The open database; opens it where that is due.
    ///
    /// - Parameter forWriting: Hold back after a failure, even while the database is open.
    private func usableDatabase(forWriting: Bool = false) throws(HistoryError) -> HistoryDatabase {
        let isWaiting = retryAt.map { ContinuousClock.now < $0 } ?? false
        if let database, !isCorrupted {
            if forWriting, isWaiting, let failure = health.failure { throw failure }
            return database
        }
        if isWaiting, let failure = health.failure { throw failure }
        if let database {
            try database.close()
            self.database = nil
            isCorrupted = false
            try setAside()
        }
        names = NameCache()
        keyframes = KeyframeClock()
        let opened: HistoryDatabase
        do {
            opened = try HistoryDatabase.open(configuration.location, fileSystemType: configuration.fileSystemType)
        } catch  where error.kind == .corrupted {
            health.errors += 1
            try setAside()
            opened = try HistoryDatabase.open(configuration.location, fileSystemType: configuration.fileSystemType)
        }
        database = opened
        health.databaseID = opened.id
        return opened
    }

    private func setAside() throws(HistoryError) {
        isDropping = true
        health.databaseID = nil
        guard case .file(let path) = configuration.location else { return }
        health.setAside.append(try HistoryFile(path: path).setAside(at: configuration.now()))
    }

    private func fail(_ error: HistoryError) {
        health.errors += 1
        health.failure = error
        // Replacing a corrupted file needn't wait; all else that failed would likely fail again at once.
        if error.kind == .corrupted, database != nil {
            isCorrupted = true
            health.databaseID = nil
            retryAt = nil
        } else if retryAt.map({ ContinuousClock.now >= $0 }) ?? true {
            retryAt = .now + configuration.retryInterval
        }
    }
}
