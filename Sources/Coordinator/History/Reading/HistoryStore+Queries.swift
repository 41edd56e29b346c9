/// All of these throw `HistoryError`, or `CancellationError` when the caller's task is cancelled.
extension HistoryStore {
    package func transitions(_ query: TransitionQuery = TransitionQuery()) async throws -> HistoryPage<StoredTransition>
    {
        try await read { db in try query.page(db) }
    }

    /// The transitions committed after a known one, oldest first.
    func transitions(following id: Int64, limit: Int) async throws -> [StoredTransition] {
        try await read { db in try TransitionQuery.following(id, limit: limit, db) }
    }

    package func attempts(_ query: AttemptQuery = AttemptQuery()) async throws -> HistoryPage<StoredAttempt> {
        try await read { db in try query.page(db) }
    }

    /// When a pull of each image succeeded last, in milliseconds since 1970: by reference, as it was written.
    package func lastSuccesses() async throws -> [String: Int64] {
        try await read { db in try LastSuccesses.all(db) }
    }

    /// The cells as recorded last.
    package func currentCells(_ query: CellQuery = CellQuery()) async throws -> [CellRecord] {
        try await read { db in try query.current(db) }
    }

    /// The cells as they were recorded at a past moment.
    func cells(at moment: Int64, _ query: CellQuery = CellQuery()) async throws -> [CellRecord] {
        try await read { db in try query.at(moment, db) }
    }

    /// The target nodes as recorded last.
    func currentNodes() async throws -> [NodeRecord] {
        try await read { db in try NodeQuery.current(db) }
    }

    /// All that was so at a past moment.
    func moment(at: Int64, imageSet: String, withLabels: Bool = true) async throws -> HistoryMoment {
        try await past(imageSet: imageSet, withLabels: withLabels) { reader in try reader.moment(at: at) }
    }

    /// Looks at past moments, all of them from one snapshot; only what is made of them leaves it.
    package func past<Value: Sendable>(
        imageSet: String, withLabels: Bool, _ body: @escaping @Sendable (PastReader) throws -> Value
    ) async throws -> Value {
        let run = currentRunID
        return try await read { db in
            try body(PastReader(db, imageSet: imageSet, currentRun: run, withLabels: withLabels))
        }
    }

    /// The revision that was accepted last.
    package func lastAcceptedRevision(imageSet: String) async throws -> RevisionRecord? {
        try await read { db in try RevisionQuery.inForce(imageSet, db) }
    }

    /// Accepted revisions and rejected edits, newest first.
    package func revisions(imageSet: String, limit: Int) async throws -> [RevisionRecord] {
        try await read { db in try RevisionQuery.newest(imageSet, limit: limit, db) }
    }

    package func statistics() async throws -> HistoryStatistics {
        var file: HistoryFile?
        if case .file(let path) = configuration.location { file = HistoryFile(path: path) }
        let known = file
        return try await read { db in try HistoryStatistics.read(db, file: known) }
    }
}
