import Shared

/// The structural schema of a custom resource, as its definition has it: what it knows, and what it lets in.
struct CustomSchema: Sendable {
    private let schema: JSONValue

    init(_ schema: JSONValue) { self.schema = schema }

    /// What every object has, whatever its schema says.
    private static let common: Set<String> = ["apiVersion", "kind", "metadata"]

    /// The object without what the schema doesn't know.
    ///
    /// - Returns: with the paths of what was taken out, in the order of their names.
    func pruned(_ object: JSONValue) -> (object: JSONValue, unknown: [String]) {
        var result = object
        var unknown: [String] = []
        for (name, value) in (object.objectValue ?? [:]).sorted(by: { $0.key < $1.key })
        where !Self.common.contains(name) {
            guard let property = Self.property(name, of: schema) else {
                unknown.append(name)
                result[name] = nil
                continue
            }
            result[name] = Self.pruned(value, property, name, &unknown)
        }
        return (result, unknown)
    }

    private static func property(_ name: String, of schema: JSONValue) -> JSONValue? {
        schema["properties"]?[name] ?? schema["additionalProperties"].flatMap { $0 == false ? nil : $0 }
    }

    private static func pruned(
        _ value: JSONValue, _ schema: JSONValue, _ path: String, _ unknown: inout [String]
    ) -> JSONValue {
        switch value {
        case .object(let members):
            let keepsUnknown = schema["x-kubernetes-preserve-unknown-fields"] == true
            var result = members
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                if let property = property(name, of: schema) {
                    result[name] = pruned(member, property, "\(path).\(name)", &unknown)
                } else if !keepsUnknown {
                    unknown.append("\(path).\(name)")
                    result[name] = nil
                }
            }
            return .object(result)
        case .array(let elements):
            guard let items = schema["items"] else { return value }
            return .array(
                elements.enumerated().map { pruned($0.element, items, "\(path)[\($0.offset)]", &unknown) })
        default: return value
        }
    }

    /// What the schema doesn't let in, in the order of the fields' names.
    func faults(_ object: JSONValue) -> [FieldFault] {
        (object.objectValue ?? [:]).sorted { $0.key < $1.key }.flatMap { name, value -> [FieldFault] in
            guard !Self.common.contains(name), let property = Self.property(name, of: schema) else { return [] }
            return Self.faults(value, property, name)
        }
    }

    private static func faults(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [FieldFault] {
        // Of a status the API server's words leave out that it is one.
        let place = path.hasPrefix("status.") ? String(path.dropFirst("status.".count)) : path
        if let type = schema["type"]?.stringValue, !isOfType(value, type) {
            let word = FieldTypes.word(value)
            return [
                FieldFault(
                    kind: .typeInvalid, field: path,
                    message: "Invalid value: \"\(word)\": \(place) in body must be of type \(type): \"\(word)\"")
            ]
        }
        switch value {
        case .object(let members):
            let missing = (schema["required"]?.arrayValue ?? []).compactMap(\.stringValue)
                .filter { members[$0] == nil }
                .map { FieldFault(kind: .required, field: "\(path).\($0)", message: "Required value") }
            return missing
                + members.sorted { $0.key < $1.key }.flatMap { name, member in
                    property(name, of: schema).map { faults(member, $0, "\(path).\(name)") } ?? []
                }
        case .array(let elements):
            guard let items = schema["items"] else { return [] }
            var faults: [FieldFault] = []
            if let most = schema["maxItems"]?.integerValue, elements.count > most {
                faults.append(
                    FieldFault(
                        kind: .tooMany, field: path,
                        message: "Too many: \(elements.count): must have at most \(most) items"))
            }
            return faults
                + elements.enumerated().flatMap { Self.faults($0.element, items, "\(path)[\($0.offset)]") }
        case .string(let text):
            var faults: [FieldFault] = []
            if let pattern = schema["pattern"]?.stringValue, let regex = try? Regex(pattern),
                text.firstMatch(of: regex) == nil
            {
                faults.append(.invalid(path, value, "\(place) in body should match '\(pattern)'"))
            }
            let allowed = (schema["enum"]?.arrayValue ?? []).compactMap(\.stringValue)
            if !allowed.isEmpty, !allowed.contains(text) { faults.append(.notSupported(path, value, allowed)) }
            return faults
        default: return []
        }
    }

    private static func isOfType(_ value: JSONValue, _ type: String) -> Bool {
        switch (type, value) {
        case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool), ("integer", .integer),
            ("number", .integer), ("number", .number):
            true
        default: false
        }
    }
}
