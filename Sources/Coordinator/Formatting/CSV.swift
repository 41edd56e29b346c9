/// Comma-separated values as RFC 4180 has them.
package enum CSV {
    package static func line(_ fields: [String]) -> String {
        fields.map(quoted).joined(separator: ",")
    }

    private static func quoted(_ field: String) -> String {
        // What a terminal would obey goes; line breaks stay, for readers know them in quotation marks.
        let isPlain = field.utf8.allSatisfy { (0x20..<0x7F).contains($0) || $0 == UInt8(ascii: "\n") }
        let field =
            isPlain
            ? field
            : field.split(separator: "\n", omittingEmptySubsequences: false).map(\.printable).joined(separator: "\n")
        guard field.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return field }
        return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
