import Reporting

/// A report that is drawn again and again: on a terminal it stays where it is, and isn't longer than the screen.
enum WatchScreen {
    /// The lines that fit, the time above them.
    ///
    /// - Parameters:
    ///   - time: the moment of the report, RFC 3339.
    ///   - rows: of the terminal.
    static func fitted(_ lines: [String], time: String, rows: Int) -> [String] {
        let all = [ClockText.short(time)] + lines.flatMap(Self.split)
        // Below the last line the cursor stands.
        let room = max(3, rows - 1)
        guard all.count > room else { return all }
        let hidden = all.count - room + 1
        return all.prefix(room - 1) + [
            "... \(hidden) more lines: a taller terminal shows them, or the command without --watch"
        ]
    }

    /// A table is one text of many lines.
    private static func split(_ text: String) -> [String] {
        let text = text.hasSuffix("\n") ? String(text.dropLast()) : text
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    static let cleared = "\u{1B}[H\u{1B}[J"
}
