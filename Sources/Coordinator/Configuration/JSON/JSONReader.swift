/// Reads a JSON text strictly (RFC 8259) and says where it goes wrong.
///
/// Foundation's decoder does neither on Linux: its errors have no position, and of two members with one name it drops
/// one in silence.
struct JSONReader {
    /// Deeper than any selector, and far from the end of the stack.
    static let maximumDepth = 64

    private let scalars: [Unicode.Scalar]
    private var index = 0
    /// Where the line begins that is being read, and its number: to count from the beginning for each value would take hours.
    private var lineStart = 0
    private var line = 1

    static func read(_ text: String) throws(ValueFault) -> JSONNode {
        var reader = JSONReader(scalars: Array(text.unicodeScalars))
        reader.skipSpace()
        let node = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.index == reader.scalars.count else {
            throw reader.fault("expected the end of the JSON text, found \(reader.found)")
        }
        return node
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    private var current: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private var position: TextPosition { TextPosition(line: line, column: index - lineStart + 1) }

    private var found: String {
        guard let current else { return "the end" }
        if current == "'" { return "a single quote" }
        return "'\(Redaction.quote(String(current)))'"
    }

    private func fault(_ message: String) -> ValueFault {
        let next: String
        if current == "'" {
            next = "write JSON's double quotes for the single ones"
        } else if scalars.starts(with: "map[".unicodeScalars) {
            next = "this is how a Helm template prints a map; pass it through toJson"
        } else {
            next = "write valid JSON"
        }
        return ValueFault(message, next: next, position: position)
    }

    private mutating func skipSpace() {
        while let current, current == " " || current == "\n" || current == "\t" || current == "\r" {
            index += 1
            // Nowhere else a line may end.
            if current == "\n" { (line, lineStart) = (line + 1, index) }
        }
    }

    private mutating func value(depth: Int) throws(ValueFault) -> JSONNode {
        guard depth <= Self.maximumDepth else { throw fault("nested more than \(Self.maximumDepth) deep") }
        let start = position
        switch current {
        case "{": return JSONNode(position: start, content: .object(try object(depth: depth)))
        case "[": return JSONNode(position: start, content: .array(try array(depth: depth)))
        case "\"": return JSONNode(position: start, content: .string(try string()))
        case let scalar? where scalar == "-" || ("0"..."9").contains(scalar):
            return JSONNode(position: start, content: .number(try number()))
        default:
            for (word, content) in [
                ("null", JSONNode.Content.null), ("true", .bool(true)), ("false", .bool(false)),
            ] where scalars[index...].starts(with: word.unicodeScalars) {
                index += word.unicodeScalars.count
                return JSONNode(position: start, content: content)
            }
            throw fault("expected a JSON value, found \(found)")
        }
    }

    private mutating func object(depth: Int) throws(ValueFault) -> [JSONNode.Member] {
        var members: [JSONNode.Member] = []
        var names: Set<String> = []
        index += 1
        skipSpace()
        if current == "}" {
            index += 1
            return []
        }
        while true {
            let start = position
            guard current == "\"" else { throw fault("expected a name in double quotes, found \(found)") }
            let name = try string()
            guard names.insert(name).inserted else {
                throw ValueFault(
                    "\"\(Redaction.quote(name))\" stands twice in one object", next: "remove one of the two",
                    position: start)
            }
            skipSpace()
            guard current == ":" else { throw fault("expected ':' after a name, found \(found)") }
            index += 1
            skipSpace()
            members.append(.init(key: name, position: start, value: try value(depth: depth + 1)))
            skipSpace()
            if current == "}" { break }
            guard current == "," else { throw fault("expected ',' or '}', found \(found)") }
            index += 1
            skipSpace()
        }
        index += 1
        return members
    }

    private mutating func array(depth: Int) throws(ValueFault) -> [JSONNode] {
        var elements: [JSONNode] = []
        index += 1
        skipSpace()
        if current == "]" {
            index += 1
            return []
        }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if current == "]" { break }
            guard current == "," else { throw fault("expected ',' or ']', found \(found)") }
            index += 1
            skipSpace()
        }
        index += 1
        return elements
    }

    private mutating func string() throws(ValueFault) -> String {
        var text = String.UnicodeScalarView()
        index += 1
        while let scalar = current, scalar != "\"" {
            guard scalar.value >= 0x20 else { throw fault("a control character must be escaped in a string") }
            index += 1
            text.append(scalar == "\\" ? try escaped() : scalar)
        }
        guard current == "\"" else { throw fault("a string has no end") }
        index += 1
        return String(text)
    }

    private mutating func escaped() throws(ValueFault) -> Unicode.Scalar {
        let scalar = current
        index += 1
        switch scalar {
        case "\"", "\\", "/": return scalar ?? "\\"
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u":
            let unit = try hexadecimal()
            guard (0xD800...0xDBFF).contains(unit) else {
                guard let scalar = Unicode.Scalar(unit) else { throw fault("half of a surrogate pair in a string") }
                return scalar
            }
            guard current == "\\", index + 1 < scalars.count, scalars[index + 1] == "u" else {
                throw fault("half of a surrogate pair in a string")
            }
            index += 2
            let low = try hexadecimal()
            guard (0xDC00...0xDFFF).contains(low),
                let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
            else { throw fault("half of a surrogate pair in a string") }
            return scalar
        default:
            index -= 1
            throw fault("unknown escape in a string: '\\' before \(found)")
        }
    }

    private mutating func hexadecimal() throws(ValueFault) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = current.flatMap({ Character($0).hexDigitValue }), current?.isASCII == true else {
                throw fault("four hexadecimal digits must follow \\u, found \(found)")
            }
            unit = unit * 16 + UInt32(digit)
            index += 1
        }
        return unit
    }

    private mutating func number() throws(ValueFault) -> String {
        let start = index
        if current == "-" { index += 1 }
        if current == "0" { index += 1 } else { try digits() }
        if current == "." {
            index += 1
            try digits()
        }
        if current == "e" || current == "E" {
            index += 1
            if current == "+" || current == "-" { index += 1 }
            try digits()
        }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[start..<index])
        return String(text)
    }

    private mutating func digits() throws(ValueFault) {
        let start = index
        while let current, ("0"..."9").contains(current) { index += 1 }
        guard index > start else { throw fault("expected a digit, found \(found)") }
    }
}
