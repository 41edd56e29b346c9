import Foundation
import RealRuntime
import Shared

/// Checks objects against the API server's own schemas, as strictly as it does when asked to: an unknown field is a
/// fault, and so is a null.
///
/// `kubernetes.json` has the definitions of a Kubernetes 1.36 API server, without their texts; `others.json` has what we
/// use of objects that aren't Kubernetes' own.
struct SchemaCheck {
    private let definitions: [String: JSONValue]
    /// By `apiVersion kind`.
    private let kinds: [String: JSONValue]

    init() throws {
        definitions = try Self.read("kubernetes")
        var kinds = try Self.read("others")
        for definition in definitions.values {
            for kind in definition["x-kubernetes-group-version-kind"]?.arrayValue ?? [] {
                let group = kind["group"]?.stringValue ?? ""
                let version = kind["version"]?.stringValue ?? ""
                let apiVersion = group.isEmpty ? version : "\(group)/\(version)"
                kinds["\(apiVersion) \(kind["kind"]?.stringValue ?? "")"] = definition
            }
        }
        self.kinds = kinds
    }

    private static func read(_ name: String) throws -> [String: JSONValue] {
        let path = "\(Repository.root)/Tests/DeployTests/Schemas/\(name).json"
        return try JSONDecoder().decode(
            [String: JSONValue].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// What is wrong with an object; empty when nothing is.
    func faults(_ object: JSONValue) -> [String] {
        let kind = "\(object["apiVersion"]?.stringValue ?? "") \(object.kind)"
        guard let schema = kinds[kind] else { return ["\(kind): no schema"] }
        if object.name.isEmpty { return ["\(kind): no metadata.name"] }
        return faults(object, schema, "\(object.kind) \(object.name)")
    }

    private func faults(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
        if let name = schema["$ref"]?.stringValue?.split(separator: "/").last {
            guard let target = definitions[String(name)] else { return ["\(path): no definition of \(name)"] }
            return faults(value, target, path)
        }
        if let all = schema["allOf"]?.arrayValue { return all.flatMap { faults(value, $0, path) } }
        if let choices = schema["oneOf"]?.arrayValue {
            return choices.contains { faults(value, $0, path).isEmpty } ? [] : ["\(path): none of the possible types"]
        }
        if let allowed = schema["enum"]?.arrayValue, !allowed.contains(value) { return ["\(path): not allowed"] }
        switch (schema["type"]?.stringValue, value) {
        case ("object", .object(let members)): return faults(members, schema, path)
        case ("array", .array(let elements)):
            guard let items = schema["items"] else { return [] }
            return elements.enumerated().flatMap { faults($1, items, "\(path)[\($0)]") }
        case ("string", .string), ("integer", .integer), ("boolean", .bool), ("number", .number), ("number", .integer):
            return []
        case (nil, _): return []
        case (let type?, _): return ["\(path): no \(type)"]
        }
    }

    private func faults(_ members: [String: JSONValue], _ schema: JSONValue, _ path: String) -> [String] {
        var faults = (schema["required"]?.arrayValue ?? []).compactMap(\.stringValue)
            .filter { members[$0] == nil }.map { "\(path).\($0): missing" }
        let properties = schema["properties"]?.objectValue
        let others = schema["additionalProperties"]
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            if let property = properties?[name] {
                faults += self.faults(value, property, "\(path).\(name)")
            } else if let others {
                faults += self.faults(value, others, "\(path).\(name)")
            } else if properties != nil, schema["x-kubernetes-preserve-unknown-fields"]?.boolValue != true {
                faults.append("\(path).\(name): unknown field")
            }
        }
        return faults
    }
}
