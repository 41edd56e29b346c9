import Shared

/// The rules for names, in the API server's words.
enum Names {
    private static let label =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
        + "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    private static let subdomain =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        + "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    private static let qualified =
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
        + "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    private static let value =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
        + "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
        + "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

    /// What is wrong with a name as a DNS label of 63 characters; nil when nothing is.
    static func labelFault(_ text: String) -> String? {
        if text.utf8.count > 63 { return "must be no more than 63 characters" }
        return isLabel(text[...]) ? nil : label
    }

    static func subdomainFault(_ text: String) -> String? {
        if text.utf8.count > 253 { return "must be no more than 253 characters" }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.allSatisfy(isLabel) ? nil : subdomain
    }

    /// What is wrong with a label's or annotation's key: a name, or a DNS prefix, a slash and a name.
    static func keyFault(_ text: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count > 2 { return "a valid label key must consist of an optional prefix and a name" }
        if parts.count == 2 {
            if parts[0].isEmpty { return "prefix part must be non-empty" }
            if let fault = subdomainFault(String(parts[0])) { return "prefix part \(fault)" }
        }
        let name = parts.last ?? ""
        if name.isEmpty { return "name part must be non-empty" }
        if name.utf8.count > 63 { return "name part must be no more than 63 characters" }
        return isQualified(name) ? nil : qualified
    }

    static func valueFault(_ text: String) -> String? {
        if text.utf8.count > 63 { return "must be no more than 63 characters" }
        return text.isEmpty || isQualified(text[...]) ? nil : value
    }

    private static func isLabel(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        return text.utf8.allSatisfy { isLower($0) || $0 == UInt8(ascii: "-") } && isLower(first) && isLower(last)
    }

    private static func isQualified(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) } && isAlphanumeric(first)
            && isAlphanumeric(last)
    }

    private static func isLower(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLower(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
