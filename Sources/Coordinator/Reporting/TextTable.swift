/// Columns that are as wide as they must be.
struct TextTable {
    var header: [String]
    var rows: [[String]]
    /// The columns that hold numbers.
    var rightAligned: Set<Int> = []
    /// Columns that are left out where there's no room for them and nothing but zeros in them.
    var optional: Set<Int> = []

    /// - Parameters:
    ///   - width: the columns of the terminal; nil: lines may be as long as they are. The last column is cut to fit.
    ///   - decorate: adds colour to a finished line, given its row.
    func render(
        _ style: TextStyle, width: Int?, decorate: (_ row: [String], _ line: String) -> String = { $1 }
    ) -> String {
        guard let width else { return render(style, decorate: decorate) }
        var table = self
        if table.width > width {
            let empty = optional.filter { column in rows.allSatisfy { ["0", ""].contains($0[column]) } }
            let kept = header.indices.filter { !empty.contains($0) }
            table.header = kept.map { header[$0] }
            table.rows = rows.map { row in kept.map { row[$0] } }
            table.rightAligned = Set(kept.indices.filter { rightAligned.contains(kept[$0]) })
        }
        let excess = table.width - width
        if excess > 0, let last = table.header.indices.last {
            let longest = ([table.header] + table.rows).map { $0[last].count }.max() ?? 0
            let room = max(8, longest - excess)
            for index in table.rows.indices where table.rows[index][last].count > room {
                // The end of a reference tells more than its beginning.
                table.rows[index][last] = "…" + table.rows[index][last].suffix(room - 1)
            }
        }
        return table.render(style, decorate: decorate)
    }

    private var width: Int {
        header.indices.reduce(-2) { sum, column in
            sum + 2 + (([header] + rows).map { column < $0.count ? $0[column].count : 0 }.max() ?? 0)
        }
    }

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
