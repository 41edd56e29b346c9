import Foundation
import Shared
import Testing

@Suite struct JSONValueTests {
    private func decode(_ text: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }

    @Test(arguments: [
        ("null", JSONValue.null), ("true", .bool(true)), ("false", .bool(false)), ("0", .integer(0)),
        ("1", .integer(1)), ("-7", .integer(-7)), ("1.5", .number(1.5)), ("1e300", .number(1e300)),
        ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)), ("\"\"", .string("")),
        ("\"1\"", .string("1")), ("\"a\\u0000b\\\"\\n\\ud83d\\ude00\"", .string("a\0b\"\n😀")), ("[]", .array([])),
        ("[null,[1],{}]", .array([.null, .array([.integer(1)]), .object([:])])), ("{}", .object([:])),
        ("{\"\":{\"a\":null}}", .object(["": .object(["a": .null])])),
    ])
    func textsHaveOneMeaning(text: String, expected: JSONValue) throws {
        #expect(try decode(text) == expected)
        #expect(try decode(String(decoding: JSONEncoder().encode(expected), as: UTF8.self)) == expected)
    }

    /// Beyond 2^53 a floating-point number would round.
    @Test func wholeNumbersStayWhole() throws {
        let numbers: [Int64] = [9_007_199_254_740_993, -9_007_199_254_740_993, .max - 1]
        for number in numbers {
            let text = String(decoding: try JSONEncoder().encode(JSONValue.integer(number)), as: UTF8.self)
            #expect(text == "\(number)")
            #expect(try decode(text) == .integer(number))
        }
    }

    @Test(arguments: ["", "nul", "[1,", "{\"a\"}", "{1:2}", "'a'", "[1] x"])
    func malformedTextsAreErrors(text: String) {
        #expect(throws: (any Error).self) { try decode(text) }
    }

    /// Any document survives being written and read.
    @Test func roundTrips() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let value = arbitrary(depth: 5, &random)
            let bytes = try JSONEncoder().encode(value)
            #expect(try JSONDecoder().decode(JSONValue.self, from: bytes) == value, "seed \(seed)")
        }
    }

    private func arbitrary(depth: Int, _ random: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0...(depth > 0 ? 6 : 4), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .integer(.random(in: .min ... .max, using: &random))
        // Halves: a whole number in floating point would come back as an integer.
        case 3: return .number(Double(Int32.random(in: .min ... .max, using: &random)) + 0.5)
        case 4: return .string(text(&random))
        case 5:
            return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in arbitrary(depth: depth - 1, &random) })
        default:
            let members = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                (text(&random), arbitrary(depth: depth - 1, &random))
            }
            return .object(Dictionary(members, uniquingKeysWith: { first, _ in first }))
        }
    }

    private func text(_ random: inout SeededGenerator) -> String {
        let scalars = (0..<Int.random(in: 0...8, using: &random)).compactMap { _ in
            Unicode.Scalar(UInt32.random(in: 0...0x1_0FFF, using: &random))
        }
        return String(String.UnicodeScalarView(scalars))
    }

    @Test func membersAreReachedAndChanged() {
        var value: JSONValue = ["metadata": ["name": "a", "labels": [:]], "list": [1, 2]]
        #expect(value["metadata"]?["name"]?.stringValue == "a")
        #expect(value["absent"] == nil)
        #expect(value["list"]?["0"] == nil)
        #expect(value["list"]?.arrayValue == [1, 2])
        value["metadata"]?["name"] = "b"
        value["metadata"]?["uid"] = 7
        value["metadata"]?["labels"] = nil
        #expect(value["metadata"]?.objectValue == ["name": "b", "uid": 7])
        // What is no object stays what it is.
        value["list"]?["x"] = true
        #expect(value["list"] == [1, 2])
    }

    @Test func eachGetterKnowsItsOwnKind() {
        let values: [JSONValue] = [.null, true, 1, .number(1.5), "s", [], [:]]
        #expect(values.compactMap(\.boolValue) == [true])
        #expect(values.compactMap(\.integerValue) == [1])
        #expect(values.compactMap(\.stringValue) == ["s"])
        #expect(values.compactMap(\.arrayValue) == [[]])
        #expect(values.compactMap(\.objectValue) == [[:]])
    }
}
