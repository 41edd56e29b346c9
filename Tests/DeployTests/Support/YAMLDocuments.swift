import Foundation
import RealRuntime
import Shared
import Yams

/// YAML as the documents that it stands for.
enum YAMLDocuments {
    static func read(_ text: String) throws -> [JSONValue] {
        try Yams.load_all(yaml: text).map(value).filter { $0 != .null }
    }

    private static func value(_ any: Any) throws -> JSONValue {
        switch any {
        case let value as Bool: .bool(value)
        case let value as Int: .integer(Int64(value))
        case let value as Double: .number(value)
        case let value as String: .string(value)
        case let values as [Any]: .array(try values.map(value))
        case let members as [AnyHashable: Any]:
            .object(
                try members.reduce(into: [:]) { result, member in
                    result["\(member.key)"] = try value(member.value)
                })
        case is NSNull: .null
        default: throw RealRuntimeError("a YAML value of type \(type(of: any))")
        }
    }
}

extension JSONValue {
    /// Follows members; `[n]` isn't needed here.
    func at(_ path: String...) -> JSONValue? { path.reduce(self) { $0?[$1] } }

    var kind: String { self["kind"]?.stringValue ?? "" }
    var name: String { at("metadata", "name")?.stringValue ?? "" }
    var namespace: String { at("metadata", "namespace")?.stringValue ?? "" }
}

extension [JSONValue] {
    /// The one object of this kind and name.
    func first(_ kind: String, _ name: String? = nil) throws -> JSONValue {
        guard let found = first(where: { $0.kind == kind && (name == nil || $0.name == name) }) else {
            throw RealRuntimeError("there is no \(kind) \(name ?? "")")
        }
        return found
    }
}
