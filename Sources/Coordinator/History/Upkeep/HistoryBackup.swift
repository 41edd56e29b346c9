import GRDB
import Glibc

/// A copy of the database in one file.
///
/// It is made beside its place and gets its name when it is whole and synced, so a file of that name is always a good one.
/// It gets an id of its own: when it is restored one day, agents send their recent attempts again.
struct HistoryBackup {
    var target: String

    private var partial: String { "\(target).partial" }

    func make(from source: any DatabaseWriter) throws(HistoryError) {
        guard access(target, F_OK) != 0 else {
            throw HistoryError(kind: .other, path: target, detail: "the file exists already")
        }
        do {
            removePartial()
            try copy(source)
            try publish()
        } catch {
            removePartial()
            throw HistoryError(error, path: target)
        }
    }

    private func copy(_ source: any DatabaseWriter) throws {
        let copy = try DatabaseQueue(path: partial)
        try source.backup(to: copy)
        // One file and nothing beside it, for those who carry it away.
        try copy.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA journal_mode = DELETE") }
        try copy.write { db in
            try db.execute(
                sql: "UPDATE meta SET value = lower(hex(randomblob(16))) WHERE key = 'database_id'")
        }
        try copy.close()
    }

    private func publish() throws(HistoryError) {
        let descriptor = open(partial, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw HistoryError(errno: errno, path: target, call: "open") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw HistoryError(errno: errno, path: target, call: "fsync") }
        // Not rename: that would replace a file that came up meanwhile.
        guard link(partial, target) == 0 else { throw HistoryError(errno: errno, path: target, call: "link") }
        unlink(partial)
    }

    private func removePartial() {
        for suffix in ["", "-journal", "-wal", "-shm"] { unlink(partial + suffix) }
    }
}
