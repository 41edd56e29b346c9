/// Columns that are as wide as they must be.
struct TextTable {
    var header: [String]
    var rows: [[String]]
    /// The columns that hold numbers.
    var rightAligned: Set<Int> = []

    /// - Parameter decorate: adds colour to a finished line, given its row.
    func render(_ style: TextStyle, decorate: (_ row: [String], _ line: String) -> String) -> String {
        var widths = header.map(\.count)
        for row in rows {
            for (column, cell) in row.enumerated() where column < widths.count {
                widths[column] = max(widths[column], cell.count)
            }
        }
        let lines = rows.map { decorate($0, line($0, widths)) }
        return ([style.bold(line(header, widths))] + lines).map { $0 + "\n" }.joined()
    }

    private func line(_ row: [String], _ widths: [Int]) -> String {
        var text = ""
        for (column, cell) in row.enumerated() where column < widths.count && widths[column] > 0 {
            let padding = String(repeating: " ", count: widths[column] - cell.count)
            text += (text.isEmpty ? "" : "  ") + (rightAligned.contains(column) ? padding + cell : cell + padding)
        }
        while text.last == " " { text.removeLast() }
        return text
    }
}

/// Colour for a terminal, and none for everything else.
struct TextStyle: Sendable {
    var isColoured: Bool

    func bold(_ text: String) -> String { wrap(text, "1") }
    func dim(_ text: String) -> String { wrap(text, "2") }
    func red(_ text: String) -> String { wrap(text, "31") }
    func green(_ text: String) -> String { wrap(text, "32") }
    func yellow(_ text: String) -> String { wrap(text, "33") }

    private func wrap(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
