/// Columns that are as wide as they must be.
package struct TextTable {
    package var header: [String]
    package var rows: [[String]]
    /// The columns that hold numbers.
    package var rightAligned: Set<Int> = []
    /// Columns that are left out where there's no room for them and nothing but zeros in them.
    package var optional: Set<Int> = []

    /// Columns that are left out where there's hardly room for them, whatever is in them.
    package var expendable: Set<Int> = []

    package init(
        header: [String], rows: [[String]], rightAligned: Set<Int> = [], optional: Set<Int> = [],
        expendable: Set<Int> = []
    ) {
        self.header = header
        self.rows = rows
        self.rightAligned = rightAligned
        self.optional = optional
        self.expendable = expendable
    }

    /// A column isn't cut to less than this.
    private static let leastRoom = 12

    /// - Parameters:
    ///   - width: the columns of the terminal; nil: lines may be as long as they are. What doesn't fit is cut: first
    ///     the last column, then the widest ones.
    ///   - decorate: adds colour to a finished line, given its row as it was before anything was cut.
    package func render(
        _ style: TextStyle, width: Int?, decorate: (_ row: [String], _ line: String) -> String = { $1 }
    ) -> String {
        guard let width else { return render(style, rows, decorate: decorate) }
        var table = self
        if table.width > width {
            table.drop(optional.filter { column in rows.allSatisfy { ["0", ""].contains($0[column]) } })
        }
        if let last = table.header.indices.last {
            let room = table.widths[last] - (table.width - width)
            if table.width > width, room < 2 * Self.leastRoom, !expendable.isEmpty { table.drop(table.expendable) }
        }
        if let last = table.header.indices.last { table.cut(last, to: width) }
        while table.width > width {
            let columns = table.header.indices.filter { !table.rightAligned.contains($0) }
            guard let widest = columns.max(by: { table.widths[$0] < table.widths[$1] }),
                table.widths[widest] > Self.leastRoom
            else { break }
            table.cut(widest, to: width)
        }
        return table.render(style, rows, decorate: decorate)
    }

    private mutating func drop(_ columns: Set<Int>) {
        let kept = header.indices.filter { !columns.contains($0) }
        func moved(_ set: Set<Int>) -> Set<Int> { Set(kept.indices.filter { set.contains(kept[$0]) }) }
        rows = rows.map { row in kept.map { row[$0] } }
        (rightAligned, optional, expendable) = (moved(rightAligned), moved(optional), moved(expendable))
        header = kept.map { header[$0] }
    }

    /// Cuts a column so that the table fits, as far as that goes.
    private mutating func cut(_ column: Int, to width: Int) {
        let excess = self.width - width
        guard excess > 0 else { return }
        let room = max(Self.leastRoom, widths[column] - excess)
        for index in rows.indices where rows[index][column].count > room {
            // The end of a reference, and of a node's name, tells more than its beginning.
            rows[index][column] = "…" + rows[index][column].suffix(room - 1)
        }
    }

    private var widths: [Int] {
        header.indices.map { column in
            ([header] + rows).map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
    }

    private var width: Int { widths.reduce(-2) { $0 + 2 + $1 } }

    /// - Parameter decorate: adds colour to a finished line, given its row.
    package func render(_ style: TextStyle, decorate: (_ row: [String], _ line: String) -> String) -> String {
        render(style, rows, decorate: decorate)
    }

    private func render(
        _ style: TextStyle, _ whole: [[String]], decorate: (_ row: [String], _ line: String) -> String
    ) -> String {
        let widths = widths
        let lines = zip(rows, whole).map { decorate($1, line($0, widths)) }
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
package struct TextStyle: Sendable {
    package var isColoured: Bool

    package init(isColoured: Bool) {
        self.isColoured = isColoured
    }

    package func bold(_ text: String) -> String { wrap(text, "1") }
    package func dim(_ text: String) -> String { wrap(text, "2") }
    package func red(_ text: String) -> String { wrap(text, "31") }
    package func green(_ text: String) -> String { wrap(text, "32") }
    package func yellow(_ text: String) -> String { wrap(text, "33") }

    private func wrap(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
