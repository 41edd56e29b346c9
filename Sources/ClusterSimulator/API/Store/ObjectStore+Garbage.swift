import Shared

/// Collection of objects whose owners are gone. The real collector works within seconds; this one at once.
extension ObjectStore {
    /// Deletes the objects that had the given one as their last owner.
    func collectDependents(of owner: StoredObject) {
        for dependent in dependents(of: owner.uid) {
            let key = dependent.key
            let others = dependent.value.ownerReferences.filter { $0["uid"]?.stringValue != owner.uid }
            if others.contains(where: { exists($0, for: dependent) }) {
                var value = dependent.value
                value.set("metadata", "ownerReferences", to: .array(others))
                put(dependent.type, key, value)
            } else {
                // Throws only when the object has gone in the meantime.
                _ = try? delete(
                    dependent.type, namespace: key.namespace, name: key.name,
                    options: DeleteOptions(uid: dependent.uid))
            }
        }
        releaseForegroundOwners(of: owner)
    }

    /// Deletes an object that names owners of which none exists: an owner in another namespace is none, since
    /// namespaced owners are looked for in the dependent's own namespace (measured on a real cluster).
    func collectIfOrphaned(_ object: StoredObject) {
        let owners = object.value.ownerReferences
        guard !owners.isEmpty, !owners.contains(where: { exists($0, for: object) }) else { return }
        _ = try? delete(
            object.type, namespace: object.key.namespace, name: object.key.name,
            options: DeleteOptions(uid: object.uid))
    }

    func hasDependents(_ owner: StoredObject) -> Bool { !dependents(of: owner.uid).isEmpty }

    /// Takes the owner out of its dependents, so that they stay when it goes.
    func orphanDependents(of owner: StoredObject) {
        for dependent in dependents(of: owner.uid) {
            var value = dependent.value
            let others = value.ownerReferences.filter { $0["uid"]?.stringValue != owner.uid }
            value.set("metadata", "ownerReferences", to: others.isEmpty ? nil : .array(others))
            put(dependent.type, dependent.key, value)
        }
    }

    /// An owner that is deleted in the foreground goes when its last dependent has gone.
    private func releaseForegroundOwners(of gone: StoredObject) {
        for reference in gone.value.ownerReferences {
            guard let type = type(of: reference), let uid = reference["uid"]?.stringValue, dependents(of: uid).isEmpty
            else { continue }
            let key = ObjectKey(type.namespaced ? gone.key.namespace : nil, reference["name"]?.stringValue ?? "")
            guard let owner = stored(type, key), owner.uid == uid, owner.value.isBeingDeleted else { continue }
            var value = owner.value
            let finalizers = value.at("metadata", "finalizers")?.arrayValue ?? []
            guard finalizers.contains("foregroundDeletion") else { continue }
            let rest = finalizers.filter { $0 != "foregroundDeletion" }
            value.set("metadata", "finalizers", to: rest.isEmpty ? nil : .array(rest))
            _ = commit(type, key, value)
        }
    }

    private func dependents(of uid: String) -> [StoredObject] {
        ResourceType.all.filter { $0 == $0.storage }.flatMap { type in
            table(type).objects.values.filter { object in
                object.value.ownerReferences.contains { $0["uid"]?.stringValue == uid }
            }
        }
        .sorted { $0.key < $1.key }
    }

    /// Whether the owner that a reference speaks of exists. A type that isn't served here can't be looked up, so it
    /// counts as existing.
    private func exists(_ reference: JSONValue, for dependent: StoredObject) -> Bool {
        guard let type = type(of: reference) else { return true }
        if type.namespaced, dependent.key.namespace.isEmpty { return true }  // reported by the real one, not collected
        let key = ObjectKey(type.namespaced ? dependent.key.namespace : nil, reference["name"]?.stringValue ?? "")
        return stored(type, key)?.uid == reference["uid"]?.stringValue
    }

    private func type(of reference: JSONValue) -> ResourceType? {
        ResourceType.find(
            apiVersion: reference["apiVersion"]?.stringValue ?? "", kind: reference["kind"]?.stringValue ?? "")
    }
}
