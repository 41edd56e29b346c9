import Foundation
import Shared
import Yams

/// The JSON of a value that somebody wrote as YAML, to be proposed: Kubernetes and the Go puller want JSON in these keys.
enum YAMLAsJSON {
    /// Longer texts are left alone, and so are deep ones: the YAML parser calls itself for each level.
    static let maximumBytes = 16 * 1024
    static let maximumDepthSigns = 512

    /// Nil when the text is no mapping and no list in YAML.
    static func text(of yaml: String) -> String? {
        // Without anchors a text can't stand for more than its own length.
        guard yaml.utf8.count <= maximumBytes, !yaml.contains("&"),
            yaml.utf8.count(where: { "[{-?".utf8.contains($0) }) <= maximumDepthSigns,
            let node = try? Yams.compose(yaml: yaml)
        else { return nil }
        return text(of: node)
    }

    /// - Parameter node: of a document that was read already, and is not deeper than the YAML parser could bear.
    static func text(of node: Yams.Node) -> String? {
        var rest = maximumNodes
        guard node.mapping != nil || node.sequence != nil,
            let json = value(of: node, for: nil, isTyped: false, depth: 0, &rest)
        else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(json)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// What a document says to the API server: numbers and truth values are such.
    ///
    /// - Returns: nil where it is too deep or, by aliases, too long.
    static func value(of node: Yams.Node) -> JSONValue? {
        var rest = maximumNodes
        return value(of: node, for: nil, isTyped: true, depth: 0, &rest)
    }

    /// Aliases let a short text stand for any number of values.
    private static let maximumNodes = 100_000

    /// The fields that are numbers; Source: `core/v1` Toleration, PreferredSchedulingTerm and WeightedPodAffinityTerm.
    private static let numbers: Set<String> = ["tolerationSeconds", "weight"]

    /// - Parameter isTyped: whether a scalar without quotation marks can be other than a text.
    private static func value(
        of node: Yams.Node, for key: String?, isTyped: Bool, depth: Int, _ rest: inout Int
    ) -> JSONValue? {
        rest -= 1
        guard depth <= JSONReader.maximumDepth, rest > 0 else { return nil }
        switch node {
        case .alias: return nil
        case .mapping(let mapping):
            var members: [String: JSONValue] = [:]
            for (key, value) in mapping {
                guard let name = key.string,
                    let value = self.value(of: value, for: name, isTyped: isTyped, depth: depth + 1, &rest)
                else { return nil }
                members[name] = value
            }
            return .object(members)
        case .sequence(let sequence):
            var elements: [JSONValue] = []
            for element in sequence {
                guard let element = value(of: element, for: key, isTyped: isTyped, depth: depth + 1, &rest) else {
                    return nil
                }
                elements.append(element)
            }
            return .array(elements)
        case .scalar(let scalar):
            if node.null != nil, scalar.style == .plain { return .null }
            if let key, numbers.contains(key), let number = Int64(scalar.string) { return .integer(number) }
            guard isTyped else { return .string(scalar.string) }
            switch ManifestReader.kind(of: node) {
            case "a truth value": return node.bool.map(JSONValue.bool)
            case "a number": return Int64(scalar.string).map(JSONValue.integer) ?? node.float.map(JSONValue.number)
            default: return .string(scalar.string)
            }
        }
    }
}
