/// Splits a message into segments of words.
struct MessageReader {
    private(set) var segments: [ErrorChain.Segment] = []
    private(set) var addresses: [ErrorChain.Address] = []
    private(set) var references: [String] = []
    private(set) var askedHost: String?
    private(set) var holdsPage = false

    private var words: [String] = []
    private var namesConfiguration = false
    private var token: [UInt8] = []
    private var line = 0
    private var depth = 0

    /// Quotations in quotations that are read: a kubelet's log quotes a kubelet, that a runtime, that a registry.
    private static let deepest = 4
    /// Names of so many bytes are kept: a reference has 4,096 at most in no registry.
    private static let longestName = 512

    mutating func read(_ bytes: [UInt8]) {
        var index = 0
        /// A quotation mark behind so many backslashes, or fewer, has no partner in what is left.
        var unpaired = -1
        while index < bytes.count {
            let byte = bytes[index]
            var backslashes = 0
            while index + backslashes < bytes.count, bytes[index + backslashes] == UInt8(ascii: "\\") {
                backslashes += 1
            }
            let next = index + backslashes < bytes.count ? bytes[index + backslashes] : 0
            if next == UInt8(ascii: "\"") {
                let start = index + backslashes + 1
                index = start
                guard backslashes > unpaired else {
                    endToken()
                    continue
                }
                guard let end = Self.closing(bytes, from: start, backslashes: backslashes) else {
                    unpaired = backslashes
                    endToken()
                    continue
                }
                endToken()
                quotation(Array(bytes[start..<end.content]))
                index = end.next
                // What follows a quotation directly belongs to no word: `"…": error`.
                if index < bytes.count, [UInt8(ascii: ":"), UInt8(ascii: ";")].contains(bytes[index]) { endSegment() }
            } else if backslashes > 0 {
                // Escaped line breaks and the like.
                endToken()
                index +=
                    backslashes + ([UInt8(ascii: "n"), UInt8(ascii: "t"), UInt8(ascii: "r")].contains(next) ? 1 : 0)
            } else if byte == UInt8(ascii: "\n") {
                endSegment()
                line += 1
                index += 1
            } else if byte == UInt8(ascii: "<"), Self.isMarkup(bytes, index) {
                endToken()
                holdsPage = true
                while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
            } else if byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "(") {
                endToken()
                index += 1
            } else {
                token.append(byte)
                index += 1
            }
        }
        endToken()
    }

    mutating func endSegment() {
        endToken()
        if !words.isEmpty {
            segments.append(ErrorChain.Segment(words: words, line: line, namesConfiguration: namesConfiguration))
        }
        words = []
        namesConfiguration = false
    }

    // MARK: Quotations

    /// Where a quotation ends: at a mark with as many backslashes before it as the one that began it, or fewer.
    private static func closing(
        _ bytes: [UInt8], from start: Int, backslashes: Int
    ) -> (content: Int, next: Int)? {
        var count = 0
        for index in start..<bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\\"): count += 1
            case UInt8(ascii: "\"") where count <= backslashes: return (index - count, index + 1)
            default: count = 0
            }
        }
        return nil
    }

    private mutating func quotation(_ content: [UInt8]) {
        if content.contains(UInt8(ascii: " ")), content.first != UInt8(ascii: "<") {
            guard depth < Self.deepest else { return words.append(ErrorChain.name) }
            let isChain = zip(content, content.dropFirst()).contains {
                $0 == UInt8(ascii: ":") && $1 == UInt8(ascii: " ")
            }
            if isChain { endSegment() }
            depth += 1
            read(content)
            depth -= 1
            if isChain { endSegment() }
        } else if content.first == UInt8(ascii: "<") {
            holdsPage = holdsPage || Self.isMarkup(content, 0)
            words.append(ErrorChain.name)
        } else if content.count >= 4, content.allSatisfy({ Self.isUpperCase($0) || $0 == UInt8(ascii: "_") }) {
            // The code of an error that a registry sent: no repository has upper-case letters.
            endSegment()
            words.append(Self.lowercased(content))
            endSegment()
        } else {
            token = content
            endToken(isQuoted: !Self.keys.contains(Self.lowercased(content)))
        }
    }

    /// Keys of registries' errors in JSON, which announce a number.
    private static let keys: Set<String> = ["status", "statuscode", "code"]

    /// A page in the place of an answer: its words are for people who browse.
    private static func isMarkup(_ bytes: [UInt8], _ index: Int) -> Bool {
        guard index + 1 < bytes.count else { return false }
        if bytes[index + 1] == UInt8(ascii: "!") || bytes[index + 1] == UInt8(ascii: "?") { return true }
        return lowercased(Array(bytes[(index + 1)...].prefix(4))) == "html"
    }

    // MARK: Words

    private mutating func endToken(isQuoted: Bool = false) {
        guard !token.isEmpty || isQuoted else { return }
        var rest = token[...]
        token = []
        while let first = rest.first, Self.opening.contains(first) { rest = rest.dropFirst() }
        var endsSegment = false
        while let last = rest.last, Self.closing.contains(last) {
            endsSegment = endsSegment || last == UInt8(ascii: ":") || last == UInt8(ascii: ";")
            rest = rest.dropLast()
        }
        if !rest.isEmpty || isQuoted { add(Array(rest), isQuoted: isQuoted) }
        if endsSegment, !isQuoted { endSegment() }
    }

    private static let opening = Set("([{'`,;:=*<>-".utf8)
    private static let closing = Set(")]}'`,;:=.!?>".utf8)

    private mutating func add(_ bytes: [UInt8], isQuoted: Bool) {
        let word = Self.lowercased(bytes)
        if words.suffix(2) == ["from", "host"], bytes.count <= Self.longestName { askedHost = word }
        let isName = bytes.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "@") || $0 == UInt8(ascii: ":") }
        if Phrases.wordsWithSlashes.contains(word) { return words.append(word) }
        // `key=value` is two words; a URL's query isn't.
        if !isName, !isQuoted, bytes.contains(UInt8(ascii: "=")) {
            for part in bytes.split(separator: UInt8(ascii: "=")) { add(Array(part), isQuoted: false) }
            return
        }
        guard isName || isQuoted || Self.isDigest(bytes) else { return words.append(word) }
        note(bytes)
        words.append(ErrorChain.name)
    }

    /// Keeps a name, when it is one that tells who was asked for what.
    private mutating func note(_ bytes: [UInt8]) {
        guard bytes.count <= Self.longestName else { return }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let scheme = text.firstRange(of: "://") else {
            if text.hasPrefix("/etc/") { namesConfiguration = true }
            let before = words.suffix(3)
            let isReference =
                ["image", "reference", "pulling"].contains(before.last) || before == ["access", "denied", "for"]
                || before.suffix(2) == ["manifest", "for"]
            if isReference { references.append(text) }
            return
        }
        let rest = text[scheme.upperBound...]
        if text[..<scheme.lowerBound] == "docker" { return references.append(String(rest)) }
        guard text.hasPrefix("http") else { return }
        let host = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest.dropFirst(host.count).prefix { $0 != "?" }
        let query = rest.dropFirst(host.count + path.count)
        let isForAnother = query.contains("?ns=") || query.contains("&ns=")
        addresses.append(ErrorChain.Address(host: String(host), path: String(path), isForAnother: isForAnother))
    }

    private static func isDigest(_ bytes: [UInt8]) -> Bool {
        bytes.count >= 32
            && bytes.allSatisfy { ("0"..."9").contains(Character(Unicode.Scalar($0))) || (97...102).contains($0) }
    }

    private static func isUpperCase(_ byte: UInt8) -> Bool { (65...90).contains(byte) }

    private static func lowercased(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.map { isUpperCase($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }
}
