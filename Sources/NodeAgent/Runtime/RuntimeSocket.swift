import Glibc

/// A unix socket's path.
struct RuntimeSocket {
    let path: String

    /// How long a full queue of connections is waited for: a runtime that is merely busy takes some in that time.
    static let patience = Duration.seconds(2)

    /// Connects and hangs up. Returns nil when somebody listens, else what the kernel said.
    ///
    /// It never waits: a frozen runtime's queue fills up, and then `connect` would, for as long as the runtime stays so.
    /// That is `EAGAIN` here.
    func probe() -> Files.Failure? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return Files.Failure(ENAMETOOLONG) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return Files.Failure(errno) }
        defer { close(descriptor) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return result == 0 ? nil : Files.Failure(errno)
    }

    /// The same, waiting for a place in a full queue until the patience is over.
    func probe(patience: Duration) async -> Files.Failure? {
        let deadline = ContinuousClock.now + patience
        while true {
            let reason = probe()
            guard let reason, reason.code == EAGAIN, .now < deadline, !Task.isCancelled else { return reason }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }
}
