import Shared

/// An `openAPIV3Schema` of a CustomResourceDefinition: what API servers want of it, and what they do with objects.
///
/// Source of the rules: `k8s.io/apiextensions-apiserver/pkg/apiserver/schema`.
struct StructuralSchema {
    let root: JSONValue

    /// The schema of a definition's only version.
    init(of definition: JSONValue) {
        root = definition.at("spec", "versions")?.arrayValue?.first?.at("schema", "openAPIV3Schema") ?? .null
    }

    /// What an API server does with an object.
    struct Judgement: Equatable {
        /// It is refused (422).
        var faults: [String] = []
        /// Left out, with a warning.
        var unknown: [String] = []
    }

    func judge(_ object: JSONValue) -> Judgement {
        var judgement = Judgement()
        // What every object has isn't the definition's to say.
        let known: Set = ["apiVersion", "kind", "metadata"]
        var own = object
        for name in known { own[name] = nil }
        judge(own, root, "", &judgement)
        return judgement
    }

    private func judge(_ value: JSONValue, _ schema: JSONValue, _ path: String, _ judgement: inout Judgement) {
        let isOpen = schema["x-kubernetes-preserve-unknown-fields"] == true
        switch (schema["type"]?.stringValue, value) {
        case ("object", .object(let members)):
            for name in (schema["required"]?.arrayValue ?? []).compactMap(\.stringValue) where members[name] == nil {
                judgement.faults.append("\(path).\(name): Required value")
            }
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                if let property = schema.at("properties", name) ?? schema["additionalProperties"] {
                    judge(member, property, "\(path).\(name)", &judgement)
                } else if !isOpen {
                    judgement.unknown.append("\(path).\(name)")
                }
            }
        case ("array", .array(let elements)):
            if case .integer(let most)? = schema["maxItems"], elements.count > most {
                judgement.faults.append("\(path): Too many")
            }
            for (index, element) in elements.enumerated() {
                judge(element, schema["items"] ?? .null, "\(path)[\(index)]", &judgement)
            }
            if let keys = schema["x-kubernetes-list-map-keys"]?.arrayValue?.compactMap(\.stringValue) {
                let identities = elements.map { element in keys.map { element[$0] } }
                if Set(identities).count < identities.count { judgement.faults.append("\(path): Duplicate value") }
            }
        case ("string", .string(let text)):
            let letters = Int64(text.unicodeScalars.count)
            if case .integer(let most)? = schema["maxLength"], letters > most {
                judgement.faults.append("\(path): Too long")
            }
            if case .integer(let least)? = schema["minLength"], letters < least {
                judgement.faults.append("\(path): too short")
            }
            if let pattern = schema["pattern"]?.stringValue,
                (try? Regex(pattern).firstMatch(in: text)).flatMap({ $0 }) == nil
            {
                judgement.faults.append("\(path): should match '\(pattern)'")
            }
            if let allowed = schema["enum"]?.arrayValue, !allowed.contains(value) {
                judgement.faults.append("\(path): Unsupported value")
            }
        case ("integer", .integer(let number)):
            if case .integer(let least)? = schema["minimum"], number < least {
                judgement.faults.append("\(path): should be greater than or equal to \(least)")
            }
        case ("boolean", .bool), ("number", .number), ("number", .integer): break
        case (let type, _): judgement.faults.append("\(path): must be of type \(type ?? "?")")
        }
    }

    /// Why API servers wouldn't take the definition; empty: they would.
    func faults() -> [String] {
        guard root["type"] == "object" else { return [": the root is no object"] }
        return faults(root, "")
    }

    private static let words: Set = [
        "type", "description", "properties", "additionalProperties", "items", "required", "format", "enum", "pattern",
        "maxLength", "minLength", "maxItems", "minimum", "x-kubernetes-list-type", "x-kubernetes-list-map-keys",
        "x-kubernetes-preserve-unknown-fields",
    ]

    private func faults(_ schema: JSONValue, _ path: String) -> [String] {
        guard let members = schema.objectValue else { return ["\(path): no schema"] }
        var faults = members.keys.filter { !Self.words.contains($0) }.sorted().map {
            "\(path): \($0) isn't looked at here"
        }
        guard let type = schema["type"]?.stringValue else { return faults + ["\(path): no type"] }
        if schema["properties"] != nil, schema["additionalProperties"] != nil {
            faults.append("\(path): properties and additionalProperties exclude each other")
        }
        for name in (schema["required"]?.arrayValue ?? []).compactMap(\.stringValue)
        where schema.at("properties", name) == nil { faults.append("\(path): \(name) is required and unknown") }
        if let pattern = schema["pattern"]?.stringValue, (try? Regex(pattern)) == nil {
            faults.append("\(path): \(pattern) is no pattern")
        }
        if type == "array" {
            guard let items = schema["items"] else { return faults + ["\(path): no items"] }
            // Server-side apply merges lists by it; without it a list is atomic.
            if schema["x-kubernetes-list-type"] == "map" {
                let keys = (schema["x-kubernetes-list-map-keys"]?.arrayValue ?? []).compactMap(\.stringValue)
                let needed = Set((items["required"]?.arrayValue ?? []).compactMap(\.stringValue))
                if keys.isEmpty || !needed.isSuperset(of: keys) { faults.append("\(path): keys must be required") }
            }
            faults += self.faults(items, "\(path)[]")
        }
        for (name, property) in (schema["properties"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key })
        where !["", "metadata"].contains(name) || !path.isEmpty { faults += self.faults(property, "\(path).\(name)") }
        if let others = schema["additionalProperties"] { faults += self.faults(others, "\(path).*") }
        return faults
    }
}
