/// Comma-separated values as RFC 4180 has them, for spreadsheets too.
package enum CSV {
    package static func line(_ fields: [String]) -> String {
        fields.map(quoted).joined(separator: ",")
    }

    private static func quoted(_ field: String) -> String {
        // What a terminal would obey goes; line breaks stay, for readers know them in quotation marks.
        let isPlain = field.utf8.allSatisfy { (0x20..<0x7F).contains($0) || $0 == UInt8(ascii: "\n") }
        var field =
            isPlain
            ? field
            : field.split(separator: "\n", omittingEmptySubsequences: false).map(\.printable).joined(separator: "\n")
        if isFormula(field) { field = "'" + field }
        // By bytes: a quotation mark that a combining mark follows is another character, and ends the field all the same.
        guard field.utf8.contains(where: { [0x2C, 0x22, 0x0A, 0x0D].contains($0) }) else { return field }
        var bytes: [UInt8] = [0x22]
        for byte in field.utf8 {
            if byte == 0x22 { bytes.append(0x22) }
            bytes.append(byte)
        }
        return String(decoding: bytes + [0x22], as: UTF8.self)
    }

    /// Whether a spreadsheet would compute what the field says, with what runs on that machine. Numbers are none.
    private static func isFormula(_ field: String) -> Bool {
        guard let first = field.utf8.first, "=+-@\t\r".utf8.contains(first) else { return false }
        return Double(field) == nil
    }
}
