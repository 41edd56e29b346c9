import FoundationEssentials
import Shared

/// An answer that was captured from a real cluster, kept in `Facts`.
struct Fact {
    let text: String

    init(_ name: String, file: String = #filePath) throws {
        let parts = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        let path = parts.joined(separator: "/") + "/Facts/\(name)"
        text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }

    var json: JSONValue { get throws { try Fact.parse(text) } }

    /// Each line as JSON.
    var lines: [JSONValue] { get throws { try text.split(separator: "\n").map { try Fact.parse(String($0)) } } }

    /// Status and JSON body of a captured HTTP answer.
    var answer: (status: Int, body: JSONValue) {
        get throws {
            let status = text.split(separator: "\n").first?.split(separator: " ").dropFirst().first
            let body = text.firstRange(of: "{").map { String(text[$0.lowerBound...]) } ?? "null"
            return (status.flatMap { Int($0.filter(\.isNumber)) } ?? 0, try Fact.parse(body))
        }
    }

    static func parse(_ text: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }
}

extension JSONValue {
    /// The value with every text and number replaced by the name of its type: what two answers to the same kind of
    /// request have in common. `keeping` names members whose values are kept.
    func shape(keeping kept: Set<String> = []) -> JSONValue {
        switch self {
        case .object(let members):
            .object(
                Dictionary(
                    uniqueKeysWithValues: members.map { key, value in
                        (key, kept.contains(key) ? value : value.shape(keeping: kept))
                    }))
        case .array(let elements): .array(elements.map { $0.shape(keeping: kept) })
        case .string: "text"
        case .integer, .number: "number"
        case .bool, .null: self
        }
    }
}
