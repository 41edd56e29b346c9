/// Reads a JSON document value by value, and makes nothing of what nobody asks for.
///
/// A list of the pods of 5,000 nodes has 300 MB, of which little is needed; a decoder that first maps each page takes a
/// minute for it. What is skipped is only looked at as far as finding its end takes, so this is for documents of a
/// server that writes them by a library.
public struct JSONFieldReader {
    /// What isn't as it should be, and where.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        public var offset: Int
        public var expected: String

        public var description: String { "there's no \(expected) at byte \(offset)" }
    }

    private let bytes: [UInt8]
    private var index = 0

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    // MARK: Values

    /// Reads an object field by field. What `body` doesn't read of a field's value is skipped.
    ///
    /// - Returns: false for `null`.
    @discardableResult
    public mutating func fields(_ body: (JSONKey, inout JSONFieldReader) throws -> Void) throws -> Bool {
        if try null() { return false }
        try take(UInt8(ascii: "{"), "object")
        if accept(UInt8(ascii: "}")) { return true }
        repeat {
            let key = try key()
            try take(UInt8(ascii: ":"), "colon")
            try value { try body(key, &$0) }
        } while accept(UInt8(ascii: ","))
        try take(UInt8(ascii: "}"), "end of an object")
        return true
    }

    /// Reads an array element by element. What `body` doesn't read of an element is skipped.
    ///
    /// - Returns: false for `null`.
    @discardableResult
    public mutating func elements(_ body: (inout JSONFieldReader) throws -> Void) throws -> Bool {
        if try null() { return false }
        try take(UInt8(ascii: "["), "array")
        if accept(UInt8(ascii: "]")) { return true }
        repeat { try value(body) } while accept(UInt8(ascii: ","))
        try take(UInt8(ascii: "]"), "end of an array")
        return true
    }

    /// Nil for `null`.
    public mutating func string() throws -> String? {
        if try null() { return nil }
        guard peek() == UInt8(ascii: "\"") else { throw fault("string") }
        return try text()
    }

    /// Nil for `null`.
    public mutating func bool() throws -> Bool? {
        if try null() { return nil }
        if accept("true") { return true }
        if accept("false") { return false }
        throw fault("true or false")
    }

    /// Nil for `null`.
    public mutating func integer() throws -> Int? {
        if try null() { return nil }
        let start = index
        if index < bytes.count, bytes[index] == UInt8(ascii: "-") { index += 1 }
        while index < bytes.count, isPartOfNumber(bytes[index]) { index += 1 }
        guard let value = Int(String(decoding: bytes[start..<index], as: UTF8.self)) else {
            index = start
            throw fault("whole number")
        }
        return value
    }

    /// An object whose values are strings; nil for `null`.
    public mutating func strings() throws -> [String: String]? {
        var strings: [String: String] = [:]
        let isThere = try fields { key, reader in strings[key.text] = try reader.string() }
        return isThere ? strings : nil
    }

    /// Any value. What is nested deeper than `depth` becomes `null`: whoever writes a document must not decide how much of the
    /// stack its reader takes, nor make what stands beside it unreadable.
    public mutating func json(depth: Int) throws -> JSONValue {
        switch peek() {
        case UInt8(ascii: "{") where depth > 0:
            var members: [String: JSONValue] = [:]
            try fields { key, reader in members[key.text] = try reader.json(depth: depth - 1) }
            return .object(members)
        case UInt8(ascii: "[") where depth > 0:
            var values: [JSONValue] = []
            try elements { reader in values.append(try reader.json(depth: depth - 1)) }
            return .array(values)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            try skip()
            return .null
        case UInt8(ascii: "\""): return .string(try text())
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool(try bool() ?? false)
        case UInt8(ascii: "n"):
            guard try null() else { throw fault("value") }
            return .null
        default: return try number()
        }
    }

    private mutating func number() throws -> JSONValue {
        let start = index
        while index < bytes.count, isPartOfNumber(bytes[index]) { index += 1 }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if let whole = Int64(text) { return .integer(whole) }
        guard let number = Double(text), number.isFinite else {
            index = start
            throw fault("number")
        }
        return .number(number)
    }

    /// Leaves a value out.
    public mutating func skip() throws {
        var depth = 0
        repeat {
            guard let byte = peek() else { throw fault("value") }
            switch byte {
            case UInt8(ascii: "\""): try skipText()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { throw fault("value") }
                depth -= 1
                index += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard depth > 0 else { throw fault("value") }
                index += 1
            default:
                // A number, true, false or null.
                let start = index
                while index < bytes.count, isPartOfWord(bytes[index]) { index += 1 }
                guard index > start else { throw fault("value") }
            }
        } while depth > 0
    }

    /// After the last value.
    public mutating func end() throws {
        guard peek() == nil else { throw fault("end") }
    }

    // MARK: Parts

    private mutating func value(_ body: (inout JSONFieldReader) throws -> Void) throws {
        guard peek() != nil else { throw fault("value") }
        let start = index
        try body(&self)
        if index == start { try skip() }
    }

    private mutating func key() throws -> JSONKey {
        guard peek() == UInt8(ascii: "\"") else { throw fault("key") }
        let start = index
        try skipText()
        let inner = bytes[start + 1..<index - 1]
        guard inner.contains(UInt8(ascii: "\\")) else { return JSONKey(bytes: inner) }
        index = start
        return JSONKey(bytes: Array(try text().utf8)[...])
    }

    /// From the quote on.
    private mutating func skipText() throws {
        var position = index + 1
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                index = position + 1
                return
            case UInt8(ascii: "\\"): position += 2
            default: position += 1
            }
        }
        index = bytes.count
        throw fault("end of a string")
    }

    /// From the quote on.
    private mutating func text() throws -> String {
        let start = index
        try skipText()
        let inner = bytes[start + 1..<index - 1]
        guard let escape = inner.firstIndex(of: UInt8(ascii: "\\")) else {
            return String(decoding: inner, as: UTF8.self)
        }
        var unescaped = Array(inner[..<escape])
        var position = escape
        while position < inner.endIndex {
            guard inner[position] == UInt8(ascii: "\\") else {
                unescaped.append(inner[position])
                position += 1
                continue
            }
            guard let scalar = JSONEscape.scalar(in: inner, at: &position) else {
                index = position
                throw fault("escape")
            }
            unescaped.append(contentsOf: String(Character(scalar)).utf8)
        }
        return String(decoding: unescaped, as: UTF8.self)
    }

    private mutating func null() throws -> Bool {
        guard peek() == UInt8(ascii: "n") else { return false }
        guard accept("null") else { throw fault("value") }
        return true
    }

    /// The next byte that isn't white space.
    private mutating func peek() -> UInt8? {
        while index < bytes.count {
            let byte = bytes[index]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            index += 1
        }
        return nil
    }

    private mutating func accept(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        index += 1
        return true
    }

    private mutating func accept(_ word: StaticString) -> Bool {
        guard word.withUTF8Buffer({ bytes[index...].starts(with: $0) }) else { return false }
        index += word.utf8CodeUnitCount
        return true
    }

    private mutating func take(_ byte: UInt8, _ expected: String) throws {
        guard accept(byte) else { throw fault(expected) }
    }

    private func fault(_ expected: String) -> Fault { Fault(offset: index, expected: expected) }

    private func isPartOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"),
            UInt8(ascii: "+"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private func isPartOfWord(_ byte: UInt8) -> Bool {
        isPartOfNumber(byte) || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
    }
}

/// The name of a field. A string is only made of it when somebody wants one.
public struct JSONKey {
    fileprivate let bytes: ArraySlice<UInt8>

    public var text: String { String(decoding: bytes, as: UTF8.self) }

    public static func ~= (pattern: StaticString, key: JSONKey) -> Bool {
        guard pattern.utf8CodeUnitCount == key.bytes.count else { return false }
        return pattern.withUTF8Buffer { key.bytes.elementsEqual($0) }
    }
}
