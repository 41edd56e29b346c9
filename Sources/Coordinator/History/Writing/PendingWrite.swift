import GRDB
import Synchronization

/// A write that waits for its transaction.
protocol PendingWrite: Sendable {
    /// Does the work inside of the transaction. Its own failure is kept for its caller; only one that makes the
    /// whole transaction useless is thrown.
    func run(_ session: HistorySession, path: String) throws
    /// The transaction is committed: the caller gets the result.
    func committed()
    /// The transaction is lost: the caller gets the error.
    func failed(_ error: HistoryError)
}

/// The one kind of pending write, with its result's type erased by the protocol.
final class PendingResult<Value: Sendable>: PendingWrite {
    private let body: @Sendable (HistorySession) throws -> Value
    private let continuation: CheckedContinuation<Value, any Error>
    private let result = Mutex<Result<Value, HistoryError>?>(nil)

    init(
        _ continuation: CheckedContinuation<Value, any Error>,
        _ body: @escaping @Sendable (HistorySession) throws -> Value
    ) {
        self.continuation = continuation
        self.body = body
    }

    func run(_ session: HistorySession, path: String) throws {
        let names = session.names
        do {
            var value: Value?
            try session.db.inSavepoint {
                value = try body(session)
                return .commit
            }
            guard let value else { return }
            result.withLock { $0 = .success(value) }
        } catch {
            // The ids that it interned are rolled back with it.
            session.names = names
            let failure = HistoryError(error, path: path)
            if failure.kind.isOfStorage { throw failure }
            result.withLock { $0 = .failure(failure) }
        }
    }

    func committed() {
        let result = result.withLock { $0 } ?? .failure(HistoryError(kind: .other, path: "", detail: "never run"))
        continuation.resume(with: result.mapError { $0 as any Error })
    }

    func failed(_ error: HistoryError) {
        continuation.resume(throwing: error)
    }
}
