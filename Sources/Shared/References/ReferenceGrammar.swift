/// The productions of `github.com/distribution/reference`, as predicates over ASCII.
enum ReferenceGrammar {
    /// `[\w][\w.-]{0,127}`
    static func isTag(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128, isWord(first) else { return false }
        return text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    /// Kubernetes' runtimes know SHA-256 and, by the OCI specification, SHA-512.
    static func isDigest(_ text: Substring) -> Bool {
        for (prefix, length) in [("sha256:", 64), ("sha512:", 128)] where text.hasPrefix(prefix) {
            let hex = text.utf8.dropFirst(prefix.utf8.count)
            return hex.count == length && hex.allSatisfy { isDigit($0) || (0x61...0x66).contains($0) }
        }
        return false
    }

    /// A host name, an IPv4 address or a bracketed IPv6 address, with an optional port.
    static func isRegistry(_ text: Substring) -> Bool {
        var host = text
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else { return false }
            let address = host[host.index(after: host.startIndex)..<end].utf8
            let port = host[host.index(after: end)...]
            let isAddress = address.allSatisfy { isHex($0) || $0 == UInt8(ascii: ":") }
            return !address.isEmpty && isAddress && (port.isEmpty || (port.first == ":" && isPort(port.dropFirst())))
        }
        if let colon = host.firstIndex(of: ":") {
            guard isPort(host[host.index(after: colon)...]) else { return false }
            host = host[..<colon]
        }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            let bytes = label.utf8
            guard let first = bytes.first, let last = bytes.last else { return false }
            return isAlphanumeric(first) && isAlphanumeric(last)
                && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// Path components of `[a-z0-9]+` joined by one `.`, one or two `_`, or any number of `-`.
    static func isRepository(_ text: Substring) -> Bool {
        text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(isPathComponent)
    }

    private static func isPathComponent(_ text: Substring) -> Bool {
        var separator: [UInt8] = []
        guard let first = text.utf8.first, isLowerOrDigit(first) else { return false }
        for byte in text.utf8 {
            if !isLowerOrDigit(byte) {
                separator.append(byte)
            } else if !separator.isEmpty {
                guard isSeparator(separator) else { return false }
                separator.removeAll(keepingCapacity: true)
            }
        }
        return separator.isEmpty
    }

    private static func isSeparator(_ bytes: [UInt8]) -> Bool {
        switch bytes {
        case [UInt8(ascii: ".")], [UInt8(ascii: "_")], [UInt8(ascii: "_"), UInt8(ascii: "_")]: true
        default: bytes.allSatisfy { $0 == UInt8(ascii: "-") }
        }
    }

    static func isImageID(_ text: Substring) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { isDigit($0) || (0x61...0x66).contains($0) }
    }

    private static func isPort(_ text: Substring) -> Bool {
        guard let number = UInt16(text) else { return false }
        return number > 0 && text.utf8.allSatisfy(isDigit)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isHex(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x61...0x66).contains(byte) || (0x41...0x46).contains(byte)
    }
    private static func isLowerOrDigit(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x7A).contains(byte) }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerOrDigit(byte) || (0x41...0x5A).contains(byte)
    }
    private static func isWord(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || byte == UInt8(ascii: "_") }
}
