import Dispatch

extension HistoryStore {
    /// Copies the database into a new file, from one snapshot, while writing goes on.
    ///
    /// - Throws: `HistoryError`; of kind `other` when the target exists.
    package func backup(to target: String) async throws {
        let source = try connectionsForBackup()
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            // Blocks for as long as the copy takes: not on one of the few threads that tasks share.
            DispatchQueue.global().async {
                continuation.resume(with: Result { try HistoryBackup(target: target).make(from: source) })
            }
        }
    }
}
