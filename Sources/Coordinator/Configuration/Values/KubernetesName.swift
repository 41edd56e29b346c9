/// The grammars of names and labels that the API server holds objects to.
///
/// Source: `k8s.io/apimachinery/pkg/util/validation`.
enum KubernetesName {
    /// A DNS label (RFC 1123): container names, namespaces.
    static func isLabel(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
        return isLowerOrDigit(first) && isLowerOrDigit(last)
            && bytes.allSatisfy { isLowerOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    /// Labels joined by dots: names of most objects.
    static func isSubdomain(_ text: some StringProtocol) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 253 else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            let bytes = Array(part.utf8)
            guard let first = bytes.first, let last = bytes.last else { return false }
            return isLowerOrDigit(first) && isLowerOrDigit(last)
                && bytes.allSatisfy { isLowerOrDigit($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// A label's value: empty, or up to 63 letters, digits, `-`, `_` and `.` between letters or digits.
    static func isLabelValue(_ text: some StringProtocol) -> Bool {
        text.isEmpty || isQualifiedPart(text)
    }

    /// A label's or an annotation's key: a name, after an optional subdomain and a slash.
    static func isQualified(_ text: some StringProtocol) -> Bool {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.last else { return false }
        return isQualifiedPart(name) && (parts.count == 1 || isSubdomain(parts[0]))
    }

    private static func isQualifiedPart(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy {
                isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
            }
    }

    /// The nearest valid DNS label, to be suggested; nil when nothing is left of the text.
    static func labelSuggestion(for text: some StringProtocol) -> String? {
        var label = ""
        for character in text.lowercased().prefix(63) {
            if character.isASCII, character.isLetter || character.isNumber {
                label.append(character)
            } else if label.last != "-", !label.isEmpty {
                label.append("-")
            }
        }
        while label.last == "-" { label.removeLast() }
        return label.isEmpty ? nil : label
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool { isLowerOrDigit(byte) || (0x41...0x5A).contains(byte) }
}

extension StringProtocol {
    /// Without white space at either end.
    var trimmed: String {
        var rest = self[...]
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return String(rest)
    }
}
