import Formatting
import Reporting
@preconcurrency import Glibc

/// Where a command speaks to people while its answer goes to standard output.
enum StandardError {
    /// Says what went wrong, in lines that fit a terminal.
    static func complain(_ text: String) {
        let width = isatty(STDERR_FILENO) == 1 ? Terminal.errorWidth : nil
        write(wrapped("error: \(text)", width: width, indent: "  ").map { $0 + "\n" }.joined())
    }

    static func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
