import Foundation
import Shared
import Testing

@Suite("Reading JSON value by value") struct JSONFieldReaderTests {
    /// Everything of a document, by the reader alone.
    private static func value(_ reader: inout JSONFieldReader) throws -> JSONValue {
        if let object = try attempt(
            &reader,
            { reader in
                var members: [String: JSONValue] = [:]
                guard try reader.fields({ members[$0.text] = try value(&$1) }) else { return JSONValue.null }
                return .object(members)
            })
        {
            return object
        }
        if let array = try attempt(
            &reader,
            { reader in
                var elements: [JSONValue] = []
                try reader.elements { elements.append(try value(&$0)) }
                return .array(elements)
            })
        {
            return array
        }
        if let string = try attempt(&reader, { try $0.string().map { .string($0) } ?? .null }) { return string }
        if let bool = try attempt(&reader, { try $0.bool().map { .bool($0) } ?? .null }) { return bool }
        return try reader.integer().map { .integer(Int64($0)) } ?? .null
    }

    /// Nil when the value is of another kind: then nothing was read.
    private static func attempt(
        _ reader: inout JSONFieldReader, _ body: (inout JSONFieldReader) throws -> JSONValue
    ) throws -> JSONValue? {
        var copy = reader
        do {
            let value = try body(&copy)
            reader = copy
            return value
        } catch let fault as JSONFieldReader.Fault
            where ["object", "array", "string", "true or false"].contains(fault.expected)
        {
            return nil
        }
    }

    private static func read(_ text: String) throws -> JSONValue {
        var reader = JSONFieldReader(Array(text.utf8))
        let value = try value(&reader)
        try reader.end()
        return value
    }

    private static func document(_ depth: Int, _ random: inout SeededGenerator) -> JSONValue {
        func text() -> String {
            let letters: [Character] = ["a", "\"", "\\", "/", "\n", "\u{1}", "é", "😀", "{", "]", ",", ":", " "]
            return String(
                (0..<Int.random(in: 0..<6, using: &random)).compactMap { _ in letters.randomElement(using: &random) })
        }
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &random))
        case 3, 4: return .string(text())
        case 5: return .array((0..<Int.random(in: 0..<4, using: &random)).map { _ in document(depth - 1, &random) })
        default:
            let count = Int.random(in: 0..<4, using: &random)
            return .object(
                Dictionary((0..<count).map { _ in (text(), document(depth - 1, &random)) }, uniquingKeysWith: { $1 }))
        }
    }

    @Test(
        "Whatever an encoder writes is read as what it is, skipped to its end, and nothing else is", arguments: 0..<400)
    func documents(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let document = Self.document(4, &random)
        let encoder = JSONEncoder()
        if seed % 2 == 0 { encoder.outputFormatting = .prettyPrinted }
        let bytes = Array(try encoder.encode(document))
        var reader = JSONFieldReader(bytes)
        #expect(try Self.value(&reader) == document, "seed \(seed)")
        try reader.end()
        var whole = JSONFieldReader(bytes)
        #expect(try whole.json(depth: 10) == document, "seed \(seed)")
        try whole.end()
        var skipping = JSONFieldReader(bytes)
        try skipping.skip()
        try skipping.end()
        // Cut anywhere it isn't whole; changed anywhere it is refused or read, and never a crash.
        let isOpen: Bool
        switch document {
        case .array, .object, .string: isOpen = true
        default: isOpen = false
        }
        for cut in bytes.indices where isOpen {
            var reader = JSONFieldReader(Array(bytes[..<cut]))
            #expect(throws: JSONFieldReader.Fault.self, "seed \(seed), cut at \(cut)") {
                try reader.skip()
            }
        }
        for _ in 0..<20 where !bytes.isEmpty {
            var broken = bytes
            broken[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            var reader = JSONFieldReader(broken)
            _ = try? Self.value(&reader)
            var whole = JSONFieldReader(broken)
            _ = try? whole.json(depth: 10)
            var skipping = JSONFieldReader(broken)
            _ = try? skipping.skip()
        }
    }

    @Test("Any value is read to a depth, and what lies below it is null")
    func depth() throws {
        func json(_ text: String, _ depth: Int) throws -> JSONValue {
            var reader = JSONFieldReader(Array(text.utf8))
            let value = try reader.json(depth: depth)
            try reader.end()
            return value
        }
        #expect(try json(#"{"a":{"b":[1]},"c":2}"#, 2) == ["a": ["b": .null], "c": 2])
        #expect(try json(#"[[[1]],1e3,-0.5,true]"#, 3) == [[[1]], .number(1000), .number(-0.5), true])
        for text in ["", "1e999", "-", "tru", "nul", "[1", #"{"a"}"#, "01x"] {
            #expect(throws: JSONFieldReader.Fault.self, "\(text)") { try json(text, 3) }
        }
    }

    @Test(
        "Escapes are those of RFC 8259; half a surrogate pair becomes a replacement character",
        arguments: [
            (#""a\u00e9\n\t\r\b\f\/\\\"""#, "aé\n\t\r\u{8}\u{c}/\\\""), (#""\ud83d\ude00""#, "😀"),
            (#""\ud83dx""#, "\u{FFFD}x"), (#""\ude00""#, "\u{FFFD}"), (#""\ud83d\ud83d""#, "\u{FFFD}\u{FFFD}"),
        ])
    func escapes(text: String, expected: String) throws {
        #expect(try Self.read(text) == .string(expected))
    }

    @Test(
        "What isn't JSON, or not of the kind that is wanted, is refused with its place",
        arguments: [
            "", " ", "{", "}", "[1", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{1:2}"#, #"{"a":1 "b":2}"#, "[1 2]", "[,]",
            "nul", "tru",
            #""a"#, #""\x""#, #""\u12""#, "1.5", "12345678901234567890", "-", "null 1", "[]]",
        ])
    func faults(text: String) {
        #expect(throws: JSONFieldReader.Fault.self) { try Self.read(text) }
    }

    @Test("A field that isn't read is skipped, and one with an escaped name is found")
    func fields() throws {
        var reader = JSONFieldReader(Array(#"{"x":{"b":[1,{"c":"}"}]},"\u0062":7,"s":{"k":"v"},"n":null}"#.utf8))
        var found: [String: Int] = [:]
        var strings: [String: String]?
        try reader.fields { key, reader in
            switch key {
            case "b": found["b"] = try reader.integer()
            case "s": strings = try reader.strings()
            case "n": #expect(try reader.elements { _ in } == false)
            default: break
            }
        }
        try reader.end()
        #expect(found == ["b": 7] && strings == ["k": "v"])
        var number = JSONFieldReader(Array("[5]".utf8))
        let fault = #expect(throws: JSONFieldReader.Fault.self) { try number.fields { _, _ in } }
        #expect(fault?.offset == 0 && fault?.expected == "object")
    }
}
