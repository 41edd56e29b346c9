import FoundationEssentials
import Shared

/// Who writes: the name under which the fields of an ordinary write are noted in `metadata.managedFields`.
struct FieldManager: Sendable, Equatable {
    let name: String

    /// Notes that this manager now owns what its write changed, and nobody else does.
    func record(
        in object: inout JSONValue, comparedWith old: JSONValue?, type: ResourceType,
        subresource: ObjectStore.Subresource, at date: Date
    ) {
        let walk = FieldWalk(rules: MergeRules(type))
        var before = ManagedFields.ownable(old ?? .object([:]))
        var after = ManagedFields.ownable(object)
        if subresource == .none, type.hasStatus, old == nil { after["status"] = nil }
        if subresource == .status {
            before = ["status": before["status"] ?? .object([:])]
            after = ["status": after["status"] ?? .object([:])]
        }
        let (changed, removed) = walk.difference(from: before, to: after)
        guard !changed.isEmpty || !removed.isEmpty else { return }
        var managed = ManagedFields(of: object)
        for index in managed.entries.indices {
            managed.entries[index].fields = managed.entries[index].fields.subtracting(changed.union(removed))
        }
        let part = subresource == .status ? "status" : ""
        let time = timestamp(date)
        if let own = managed.index(name, .update, apiVersion: type.apiVersion, subresource: part) {
            managed.entries[own].fields = managed.entries[own].fields.union(changed)
            managed.entries[own].time = time
        } else {
            managed.entries.append(
                .init(
                    manager: name, operation: .update, apiVersion: type.apiVersion, subresource: part, time: time,
                    fields: changed))
        }
        managed.store(in: &object)
    }
}
