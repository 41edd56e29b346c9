import Shared

/// A JSON value that knows where in its text it stands, so that a mistake in its meaning can be pointed at.
struct JSONNode: Equatable {
    struct Member: Equatable {
        var key: String
        var position: TextPosition
        var value: JSONNode
    }

    enum Content: Equatable {
        case null
        case bool(Bool)
        case number(String)
        case string(String)
        case array([JSONNode])
        case object([Member])
    }

    var position: TextPosition
    var content: Content

    /// In a sentence: "a number".
    var kind: String {
        switch content {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// Without the positions.
    var value: JSONValue {
        switch content {
        case .null: .null
        case .bool(let value): .bool(value)
        case .number(let text): Int64(text).map(JSONValue.integer) ?? .number(Double(text) ?? 0)
        case .string(let text): .string(text)
        case .array(let elements): .array(elements.map(\.value))
        case .object(let members):
            .object(Dictionary(members.map { ($0.key, $0.value.value) }, uniquingKeysWith: { _, last in last }))
        }
    }
}
