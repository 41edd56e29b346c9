/// Which nodes are meant, by their labels, as kubectl's `--selector` has it: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`,
/// `a`, `!a`, with commas between them, all of which must hold.
package struct LabelFilter: Sendable, Hashable {
    private enum Condition: Sendable, Hashable {
        case isIn(String, Set<String>)
        case isNotIn(String, Set<String>)
        case exists(String)
        case isAbsent(String)
    }

    /// As it was written.
    package let text: String
    private var conditions: [Condition] = []

    /// Nil for what is no selector.
    package init?(_ text: String) {
        self.text = text
        for part in Self.parts(text) {
            guard let condition = Self.condition(part) else { return nil }
            conditions.append(condition)
        }
        if conditions.isEmpty { return nil }
    }

    /// What to write, for messages about what can't be read.
    package static let help = "a label selector such as zone=a, role!=infra, \"zone in (a,b)\", gpu or '!gpu'"

    package func matches(_ labels: [String: String]) -> Bool {
        conditions.allSatisfy { condition in
            switch condition {
            case .isIn(let key, let values): labels[key].map(values.contains) ?? false
            // As in Kubernetes: a node without the label hasn't got the value either.
            case .isNotIn(let key, let values): labels[key].map { !values.contains($0) } ?? true
            case .exists(let key): labels[key] != nil
            case .isAbsent(let key): labels[key] == nil
            }
        }
    }

    /// Split at commas that aren't in parentheses.
    private static func parts(_ text: String) -> [Substring] {
        var parts: [Substring] = []
        var start = text.startIndex
        var depth = 0
        for index in text.indices {
            switch text[index] {
            case "(": depth += 1
            case ")": depth -= 1
            case "," where depth == 0:
                parts.append(text[start..<index])
                start = text.index(after: index)
            default: break
            }
        }
        return parts + [text[start...]]
    }

    private static func condition(_ part: Substring) -> Condition? {
        let words = part.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        if words.hasPrefix("!") { return key(words.dropFirst()).map(Condition.isAbsent) }
        // The longer sign first: `a==b` isn't `a` and `=b`.
        for (sign, isEqual) in [("!=", false), ("==", true), ("=", true)] {
            guard let (left, right) = halves(words, sign) else { continue }
            guard let key = key(left), let value = value(right) else { return nil }
            return isEqual ? .isIn(key, [value]) : .isNotIn(key, [value])
        }
        for (sign, isIn) in [(" notin", false), (" in", true)] {
            guard let open = words.firstIndex(of: "("), words.last == ")" else { break }
            let before = words[..<open].trimmedBlanks
            guard before.hasSuffix(sign) else { continue }
            let list = words[words.index(after: open)...].dropLast().split(
                separator: ",", omittingEmptySubsequences: false)
            let values = list.compactMap(value)
            guard let key = key(before.dropLast(sign.count)), values.count == list.count else { return nil }
            return isIn ? .isIn(key, Set(values)) : .isNotIn(key, Set(values))
        }
        return key(words[...]).map(Condition.exists)
    }

    private static func halves(_ text: String, _ sign: String) -> (Substring, Substring)? {
        guard let range = text.firstRange(of: sign) else { return nil }
        return (text[..<range.lowerBound], text[range.upperBound...])
    }

    /// A label's key: a name of up to 63 letters, digits, `-`, `_` and `.`, after a DNS name and a slash or alone.
    private static func key(_ text: Substring) -> String? {
        let text = text.trimmedBlanks
        let name = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).last ?? ""
        guard !name.isEmpty, name.count <= 63, text.count <= 317, !name.contains("/") else { return nil }
        return text.allSatisfy { isPlain($0) || $0 == "/" } && !text.hasPrefix("/") ? text : nil
    }

    private static func value(_ text: Substring) -> String? {
        let text = text.trimmedBlanks
        return text.count <= 63 && text.allSatisfy(isPlain) ? text : nil
    }

    private static func isPlain(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "-_.".contains(character))
    }
}

extension Substring {
    fileprivate var trimmedBlanks: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
