import History
@preconcurrency import Glibc

/// A file that gets its name when it is whole and synced.
final class NewFile {
    struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    private let path: String
    private let partial: String
    private let descriptor: Int32
    private var isPublished = false

    /// - Throws: ``Fault`` when there's a file of that name already, or the folder can't be written.
    init(_ path: String) throws(Fault) {
        self.path = path
        partial = "\(path).\(getpid()).partial"
        guard access(path, F_OK) != 0 else {
            throw Fault(description: "\(path) exists already: give another name, or remove it")
        }
        descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.fault("\(path) can't be written") }
    }

    deinit {
        close(descriptor)
        if !isPublished { unlink(partial) }
    }

    func write(_ bytes: [UInt8]) throws(Fault) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Self.fault("\(path) can't be written") }
            rest = rest.dropFirst(count)
        }
    }

    func publish() throws(Fault) {
        guard fsync(descriptor) == 0, link(partial, path) == 0 else { throw Self.fault("\(path) can't be written") }
        unlink(partial)
        isPublished = true
    }

    private static func fault(_ what: String) -> Fault { Fault(description: "\(what): \(SystemCall.message(errno))") }
}
