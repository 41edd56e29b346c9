/// Cuts bytes that come in parts of any size into lines.
struct LineSplitter {
    /// The longest line, in bytes.
    let maximumLength: Int
    private var bytes: [UInt8] = []
    /// Where the first line that wasn't handed out begins.
    private var start = 0
    /// Up to here there is no line feed after `start`.
    private var searched = 0

    init(maximumLength: Int) { self.maximumLength = maximumLength }

    /// A line is longer than allowed.
    struct LineTooLong: Error {}

    mutating func append(_ part: [UInt8]) {
        if start == bytes.count {
            bytes = part
        } else {
            // What was handed out goes before the rest grows, so that the memory follows the longest line.
            bytes.removeFirst(start)
            bytes += part
        }
        searched -= start
        start = 0
    }

    /// The next whole line without its line feed; nil when more bytes are needed.
    mutating func next() throws(LineTooLong) -> [UInt8]? {
        let found = bytes[searched...].firstIndex(of: UInt8(ascii: "\n"))
        searched = found ?? bytes.count
        guard searched - start <= maximumLength else { throw LineTooLong() }
        guard let found else { return nil }
        defer {
            start = found + 1
            searched = start
        }
        return Array(bytes[start..<found])
    }

    /// What is left at the end: a last line without a line feed; nil when there is none.
    mutating func finish() -> [UInt8]? {
        guard start < bytes.count else { return nil }
        defer {
            start = bytes.count
            searched = start
        }
        return Array(bytes[start...])
    }
}
