/// A whole number within a range.
enum WholeNumber {
    static func parse(_ text: String, range: ClosedRange<Int>) throws(ValueFault) -> Int {
        let allowed =
            "write a whole number from \(range.lowerBound) to \(range.upperBound), such as \"\(range.lowerBound)\""
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw ValueFault("\"\(Redaction.quote(text, limit: 40))\" is no whole number", next: allowed)
        }
        let number = Int(text)
        guard let number, range.contains(number) else {
            let isSmall = text.hasPrefix("-") || (number.map { $0 < range.lowerBound } ?? false)
            let bound = isSmall ? "less than \(range.lowerBound)" : "more than \(range.upperBound)"
            throw ValueFault("\(Redaction.quote(text, limit: 40)) is \(bound)", next: allowed)
        }
        return number
    }
}
