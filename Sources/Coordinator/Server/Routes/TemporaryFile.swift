import Glibc
import History

/// A file that is read once: it has no name any more, so nothing is left of it, however the reading ends.
final class TemporaryFile: Sendable {
    private let descriptor: Int32
    let size: Int
    private let path: String

    /// - Throws: ``HistoryError``.
    init(taking path: String) throws(HistoryError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        let code = errno
        unlink(path)
        guard descriptor >= 0 else { throw HistoryError(errno: code, path: path, call: "open") }
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
            let code = errno
            close(descriptor)
            throw HistoryError(errno: code, path: path, call: "lseek")
        }
        size = Int(end)
    }

    deinit { close(descriptor) }

    /// The next part; nil at the end.
    func read() throws -> [UInt8]? {
        var failure: Int32 = 0
        let part = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
            let got = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            failure = got < 0 ? errno : 0
            count = max(0, got)
        }
        if failure != 0 { throw HistoryError(errno: failure, path: path, call: "read") }
        return part.isEmpty ? nil : part
    }
}
