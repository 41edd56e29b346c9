import Foundation
import Synchronization

/// A terminal for a program under test, which shows nothing and keeps everything.
final class PseudoTerminal: Sendable {
    private let master: Int32
    /// What a program opens to write to it.
    let path: String
    private let text = Mutex([UInt8]())

    init() throws {
        var (master, slave): (Int32, Int32) = (-1, -1)
        var name = [CChar](repeating: 0, count: 128)
        guard openpty(&master, &slave, &name, nil, nil) == 0 else {
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
        close(slave)
        for command in [F_SETFL, F_SETFD] {
            _ = fcntl(master, command, command == F_SETFL ? O_NONBLOCK : FD_CLOEXEC)
        }
        self.master = master
        path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { close(master) }

    /// Sets its size.
    func resize(rows: UInt16, columns: UInt16) {
        var size = winsize()
        (size.ws_row, size.ws_col) = (rows, columns)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    /// What was written until now.
    func read() -> String {
        text.withLock { text in
            var part = [UInt8](repeating: 0, count: 4096)
            while case let count = Foundation.read(master, &part, part.count), count > 0 { text += part.prefix(count) }
            return String(decoding: text, as: UTF8.self)
        }
    }
}
