@preconcurrency import Glibc

/// Where a command's answer goes.
enum Terminal {
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Colour on a terminal alone, and not where NO_COLOR asks for none (no-color.org: set, and not empty).
    static var style: TextStyle {
        let refusal = getenv("NO_COLOR").map { String(cString: $0) } ?? ""
        let type = getenv("TERM").map { String(cString: $0) } ?? ""
        return TextStyle(isColoured: isTerminal && refusal.isEmpty && type != "dumb")
    }

    /// Columns of the terminal; nil where lines may be as long as they are.
    static var width: Int? {
        isTerminal ? columns(STDOUT_FILENO) : nil
    }

    /// Lines of the terminal.
    static var rows: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return 24 }
        return Int(size.ws_row)
    }

    /// Of the terminal that progress is drawn on.
    static var errorWidth: Int { columns(STDERR_FILENO) }

    private static func columns(_ descriptor: Int32) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return max(40, Int(size.ws_col))
    }
}
