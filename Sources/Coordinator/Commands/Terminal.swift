import Formatting
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
        let rows = size(STDOUT_FILENO).ws_row
        return rows > 0 ? Int(rows) : 24
    }

    /// Of the terminal that progress is drawn on.
    static var errorWidth: Int { columns(STDERR_FILENO) }

    private static func columns(_ descriptor: Int32) -> Int {
        let columns = size(descriptor).ws_col
        return columns > 0 ? max(40, Int(columns)) : 80
    }

    /// Zeros when it is no terminal, or one that doesn't tell.
    private static func size(_ descriptor: Int32) -> winsize {
        var size = winsize()
        return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 ? size : winsize()
    }
}
