import FoundationEssentials
import Shared

/// The entries of `metadata.managedFields`: who owns which fields.
struct ManagedFields: Sendable, Equatable {
    enum Operation: String, Sendable {
        case apply = "Apply"
        case update = "Update"
    }

    struct Entry: Sendable, Equatable {
        let manager: String
        let operation: Operation
        let apiVersion: String
        /// Empty, or `status`.
        let subresource: String
        var time: String
        var fields: FieldSet

        /// How messages name it.
        var title: String {
            let part = subresource.isEmpty ? "" : " with subresource \"\(subresource)\""
            return "conflict with \"\(manager)\"\(part) using \(apiVersion)"
        }
    }

    var entries: [Entry]

    init(of object: JSONValue) {
        entries = (object.at("metadata", "managedFields")?.arrayValue ?? []).compactMap { entry in
            guard let operation = entry["operation"]?.stringValue.flatMap(Operation.init) else { return nil }
            return Entry(
                manager: entry["manager"]?.stringValue ?? "", operation: operation,
                apiVersion: entry["apiVersion"]?.stringValue ?? "",
                subresource: entry["subresource"]?.stringValue ?? "", time: entry["time"]?.stringValue ?? "",
                fields: FieldSet(fieldsV1: entry["fieldsV1"] ?? .object([:])))
        }
    }

    /// The place of an entry.
    func index(_ manager: String, _ operation: Operation, apiVersion: String, subresource: String) -> Int? {
        entries.firstIndex {
            $0.manager == manager && $0.operation == operation && $0.apiVersion == apiVersion
                && $0.subresource == subresource
        }
    }

    /// Writes the entries that still own something back into the object.
    func store(in object: inout JSONValue) {
        let owners = entries.filter { !$0.fields.isEmpty }
        // Who applies comes first.
        let list = (owners.filter { $0.operation == .apply } + owners.filter { $0.operation != .apply }).map { entry in
            var value: JSONValue = [
                "manager": .string(entry.manager), "operation": .string(entry.operation.rawValue),
                "apiVersion": .string(entry.apiVersion), "time": .string(entry.time), "fieldsType": "FieldsV1",
                "fieldsV1": entry.fields.fieldsV1,
            ]
            if !entry.subresource.isEmpty { value["subresource"] = .string(entry.subresource) }
            return value
        }
        object.set("metadata", "managedFields", to: list.isEmpty ? nil : .array(list))
    }

    /// An object without what nobody owns: its identity and what the API server itself keeps.
    static func ownable(_ object: JSONValue) -> JSONValue {
        var object = object
        object["apiVersion"] = nil
        object["kind"] = nil
        for name in [
            "name", "namespace", "uid", "creationTimestamp", "resourceVersion", "generation", "managedFields",
            "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds",
        ] {
            object.set("metadata", name, to: nil)
        }
        if object["metadata"] == [:] { object["metadata"] = nil }
        return object
    }
}
