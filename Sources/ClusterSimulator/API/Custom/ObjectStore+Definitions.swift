import FoundationEssentials
import Shared

/// Types that the API serves only while a CustomResourceDefinition says what they are.
extension ObjectStore {
    /// Whether requests about a type are answered.
    func serves(_ type: ResourceType) -> Bool { !type.isCustom || schema(of: type) != nil }

    /// What a custom type's objects may hold; nil: nobody has defined it, or it is none.
    func schema(of type: ResourceType) -> CustomSchema? {
        guard type.isCustom, let definition = get(.definitions, name: type.qualifiedPlural) else { return nil }
        let version = definition.at("spec", "versions")?.arrayValue?.first {
            $0["name"]?.stringValue == type.version && $0["served"] == true
        }
        return version.map { CustomSchema($0.at("schema", "openAPIV3Schema") ?? .object([:])) }
    }

    /// The types that are served now.
    var servedTypes: [ResourceType] { ResourceType.all.filter { serves($0) } }

    /// A definition takes the objects of its type along, each of which is told as deleted, and ends the watches of it.
    func removeDefinition(_ key: ObjectKey, _ definition: JSONValue) -> JSONValue {
        var marked = definition
        marked.set("metadata", "deletionTimestamp", to: .string(timestamp(now())))
        marked.set("metadata", "finalizers", to: ["customresourcecleanup.apiextensions.k8s.io"])
        let last = put(.definitions, key, marked)
        let types = ResourceType.all.filter { $0.isCustom && $0.qualifiedPlural == key.name }
        for type in types {
            for object in table(type).objects.keys.sorted() { remove(type, object) }
        }
        remove(.definitions, key)
        for (id, watcher) in watchers where types.contains(watcher.type) { endWatch(id) }
        return last.value
    }

    /// Takes out of a custom type's object what isn't known, and checks the rest.
    func checked(_ type: ResourceType, _ object: JSONValue) throws(APIError) -> JSONValue {
        guard let schema = schema(of: type) else { return object }
        let known = schema.pruned(object).object
        let faults = schema.faults(known)
        if !faults.isEmpty { throw .invalid(type, object.name, faults) }
        return known
    }
}

extension APIError {
    /// What an apply of a field is answered with that a custom type's schema doesn't declare: 500 without a reason (captured).
    static func undeclared(_ field: String, _ type: ResourceType, namespace: String?, name: String) -> APIError {
        APIError(
            code: 500, reason: "",
            message: "failed to create typed patch object (\(namespace ?? "")/\(name); \(type.apiVersion), "
                + "Kind=\(type.kind)): .\(field): field not declared in schema")
    }
}
