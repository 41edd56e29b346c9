import Shared

/// Takes secrets out of texts that leave the node.
///
/// Registries put signatures into the query strings of the addresses that they redirect to, and runtimes put
/// those addresses into their messages.
enum Redaction {
    static let mark = "[redacted]"
    /// Bytes. What comes first and last in a message says most.
    static let longest = 2_048

    /// Without user names in addresses, query strings, bearer and basic tokens, and `secrets`; at most ``longest``
    /// bytes long.
    static func clean(_ text: String, hiding secrets: [String] = []) -> String {
        var result = text
        // Longest first: one secret can be a part of another. Very short ones would only make holes.
        for secret in secrets.sorted(by: { $0.utf8.count > $1.utf8.count }) where secret.utf8.count >= 4 {
            result = replace(secret, in: result)
        }
        result = withoutTokens(withoutQueries(result))
        return shorten(result).withoutControls
    }

    static func shorten(_ text: String) -> String {
        guard text.utf8.count > longest else { return text }
        // Cut bytes may leave half a character behind, which decoding repairs visibly.
        let head = String(decoding: text.utf8.prefix(longest * 2 / 3), as: UTF8.self)
        let tail = String(decoding: text.utf8.suffix(longest / 3 - 16), as: UTF8.self)
        return head + " ... " + tail
    }

    private static func replace(_ secret: String, in text: String) -> String {
        let bytes = Array(text.utf8)
        let pattern = Array(secret.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index...].starts(with: pattern) {
                result += Array(mark.utf8)
                index += pattern.count
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func withoutQueries(_ text: String) -> String {
        let bytes = Array(text.utf8)
        let scheme = Array("://".utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index...].starts(with: scheme) else {
                result.append(bytes[index])
                index += 1
                continue
            }
            result += scheme
            index += scheme.count
            let end = bytes[index...].firstIndex(where: endsAddress) ?? bytes.count
            var address = bytes[index..<end]
            let authority = address.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
            if let at = authority.lastIndex(of: UInt8(ascii: "@")) { address = address[(at + 1)...] }
            if let query = address.firstIndex(of: UInt8(ascii: "?")) {
                // An unquoted address is often followed by a colon that isn't its own.
                let colon = address.last == UInt8(ascii: ":") ? [UInt8(ascii: ":")] : []
                result += address[..<query] + colon
            } else {
                result += address
            }
            index = end
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func endsAddress(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\\")
            || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "`")
    }

    /// What follows `Bearer ` and `Basic ` in a header. `Bearer realm="..."` is a challenge and no secret.
    private static func withoutTokens(_ text: String) -> String {
        var words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        for index in words.indices.dropFirst() where words[index].utf8.count >= 8 {
            let before = words[index - 1].lowercased()
            if before.hasSuffix("bearer") || before.hasSuffix("basic"), !words[index].contains("=\"") {
                words[index] = mark
            }
        }
        return words.joined(separator: " ")
    }
}
