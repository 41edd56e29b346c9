import Shared

extension ObjectMeta: ReadableValue {
    package init() { self.init(name: "") }

    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "name": name = try reader.string() ?? ""
        case "namespace": namespace = try reader.string()
        case "uid": uid = try reader.string()
        case "resourceVersion": resourceVersion = try reader.string()
        case "generation": generation = try reader.integer()
        case "labels": labels = try reader.strings() ?? [:]
        case "annotations": annotations = try reader.strings() ?? [:]
        case "ownerReferences": ownerReferences = try OwnerReference.readAll(&reader) ?? []
        case "creationTimestamp": creationTimestamp = try reader.time()
        case "deletionTimestamp": deletionTimestamp = try reader.time()
        default: break
        }
    }
}

extension OwnerReference: ReadableValue {
    package init() { self.init(apiVersion: "", kind: "", name: "", uid: "") }

    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "apiVersion": apiVersion = try reader.string() ?? ""
        case "kind": kind = try reader.string() ?? ""
        case "name": name = try reader.string() ?? ""
        case "uid": uid = try reader.string() ?? ""
        case "controller": controller = try reader.bool()
        case "blockOwnerDeletion": blockOwnerDeletion = try reader.bool()
        default: break
        }
    }
}
