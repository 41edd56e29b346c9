import Glibc

/// Keeps a second process away from the database, by `flock` on a file beside it.
///
/// SQLite's own locks let several processes write in turn; two coordinators that each believe in their own memory
/// would then write contradictions. The lock file isn't the database itself: closing any descriptor of that would
/// drop SQLite's own locks (POSIX). It stays behind when the lock is released, since removing it would be a race.
final class HistoryLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock or says who is in the way, without waiting.
    init(database path: String) throws(HistoryError) {
        // Not inherited: a credential plugin that outlives us must not keep the lock.
        let descriptor = open("\(path).lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw HistoryError(errno: errno, path: path, call: "open \(path).lock") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            throw HistoryError(errno: code, path: path, call: "flock \(path).lock")
        }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}
