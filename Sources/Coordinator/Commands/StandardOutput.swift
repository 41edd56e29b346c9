import History
@preconcurrency import Glibc

/// Where a command's answer goes.
enum StandardOutput {
    /// The answer didn't get there.
    struct Fault: Error, CustomStringConvertible {
        /// `errno` of the failed call.
        var code: Int32
        var description: String {
            "standard output can't be written: \(SystemCall.message(code)). What was written is incomplete; "
                + "send it where there's room."
        }
    }

    /// Writes all of it, or says that it couldn't: a report that was cut by a full disk looks like a whole one.
    static func write(_ text: String) throws(Fault) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Fault(code: errno) }
            bytes = bytes.dropFirst(count)
        }
    }

    /// Writes lines; one that ends with a line break gets no second one.
    static func write(lines: [String]) throws(Fault) {
        try write(lines.map { $0.hasSuffix("\n") ? $0 : $0 + "\n" }.joined())
    }
}
