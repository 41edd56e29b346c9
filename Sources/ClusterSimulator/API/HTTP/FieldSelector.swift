import Shared

/// A selection by fields, as the `fieldSelector` parameter writes it: `metadata.name=a,spec.nodeName!=b`.
struct FieldSelector: Sendable, Equatable {
    struct Term: Sendable, Equatable {
        let field: String
        let value: String
        let isEqual: Bool
    }

    let terms: [Term]

    /// Throws 400 for a field that the type can't be selected by.
    init(_ text: String, type: ResourceType) throws(APIError) {
        var terms: [Term] = []
        for part in text.split(separator: ",") {
            guard let range = part.firstRange(of: "!=") ?? part.firstRange(of: "==") ?? part.firstRange(of: "=") else {
                throw .badRequest("invalid selector: '\(part)'; can't understand '\(part)'")
            }
            let field = part[..<range.lowerBound].trimmingWhitespace()
            guard FieldSelector.fields(type).contains(field) else {
                throw .badRequest("field label not supported: \(field)")
            }
            terms.append(
                Term(
                    field: field, value: part[range.upperBound...].trimmingWhitespace(),
                    isEqual: part[range] != "!="))
        }
        self.terms = terms
    }

    func matches(_ object: JSONValue) -> Bool {
        terms.allSatisfy { term in
            (Self.text(of: term.field, in: object) == term.value) == term.isEqual
        }
    }

    /// Empty when there is no such field.
    private static func text(of field: String, in object: JSONValue) -> String {
        let members = field.split(separator: ".")
        let parent = members.dropLast().reduce(object) { $0[String($1)] ?? .null }
        switch members.last.flatMap({ parent[String($0)] }) {
        case .string(let text): return text
        case .bool(let isTrue): return "\(isTrue)"
        default: return ""
        }
    }

    /// The name that the selection is down to, when it names one object.
    var name: String? { terms.first { $0.field == "metadata.name" && $0.isEqual }?.value }

    private static func fields(_ type: ResourceType) -> Set<String> {
        var fields: Set<String> = type.namespaced ? ["metadata.name", "metadata.namespace"] : ["metadata.name"]
        switch type.storage {
        case .pods:
            fields.formUnion([
                "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
                "status.phase", "status.podIP", "status.nominatedNodeName",
            ])
        case .nodes: fields.insert("spec.unschedulable")
        case .namespaces: fields.insert("status.phase")
        case .secrets: fields.insert("type")
        case .events:
            fields.formUnion(["reason", "reportingComponent", "source", "type"])
            for part in ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"] {
                fields.insert("involvedObject.\(part)")
                fields.insert("regarding.\(part)")
            }
        default: break
        }
        return fields
    }
}
