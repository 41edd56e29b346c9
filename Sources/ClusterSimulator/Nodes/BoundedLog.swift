import Glibc
import Synchronization

/// A log file that doesn't grow without end: when it is full, it becomes `NAME.1` and a new one begins.
final class BoundedLog: Sendable {
    private let path: String
    private let maximumBytes: Int
    private let state = Mutex((descriptor: Int32(-1), bytes: 0))

    init(path: String, maximumBytes: Int = 1 << 20) {
        self.path = path
        self.maximumBytes = maximumBytes
    }

    deinit {
        state.withLock { state in
            if state.descriptor >= 0 { close(state.descriptor) }
        }
    }

    /// Adds bytes. What can't be written is dropped: a log is no reason to stop.
    func write(_ bytes: [UInt8]) {
        state.withLock { state in
            if state.descriptor >= 0, state.bytes + bytes.count > maximumBytes {
                close(state.descriptor)
                rename(path, path + ".1")
                state = (-1, 0)
            }
            if state.descriptor < 0 {
                state.descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            }
            let written = Glibc.write(state.descriptor, bytes, bytes.count)
            state.bytes += max(0, written)
        }
    }
}
