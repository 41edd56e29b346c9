import FoundationEssentials
import Shared

/// What a deletion asks for.
struct DeleteOptions: Sendable {
    /// What happens to objects that the deleted one owns.
    enum Propagation: String, Sendable {
        case background = "Background"
        case foreground = "Foreground"
        case orphan = "Orphan"
    }

    /// Seconds that a pod has to stop; nil takes the pod's own `terminationGracePeriodSeconds`.
    var gracePeriodSeconds: Int?
    /// Refuse with 409 unless the object has this uid.
    var uid: String?
    /// Refuse with 409 unless the object has this resource version.
    var resourceVersion: String?
    var propagation: Propagation = .background
}

extension ObjectStore {
    /// Deletes an object.
    ///
    /// A pod that has been scheduled and still runs is only marked, until its node confirms by
    /// ``finishDeletion(namespace:name:uid:)`` or somebody deletes it with grace 0. An object with finalizers is marked
    /// until they are gone. Everything else goes at once, and what it owned goes with it.
    /// - Returns: the object as it is now, or as it last was.
    @discardableResult
    func delete(
        _ type: ResourceType, namespace: String? = nil, name: String, options: DeleteOptions = DeleteOptions()
    ) throws(APIError) -> JSONValue {
        let key = ObjectKey(namespace, name)
        guard let old = stored(type, key) else { throw .notFound(type, name) }
        try check(options, against: old, type, name)
        var object = old.value
        if type == .namespaces { return terminateNamespace(key, object) }
        if type == .definitions { return removeDefinition(key, object) }
        if options.propagation == .orphan { orphanDependents(of: old) }
        if options.propagation == .foreground, hasDependents(old) {
            var finalizers = object.at("metadata", "finalizers")?.arrayValue ?? []
            if !finalizers.contains("foregroundDeletion") { finalizers.append("foregroundDeletion") }
            object.set("metadata", "finalizers", to: .array(finalizers))
        }
        let grace = type == .pods ? Admission.gracePeriod(object, asked: options.gracePeriodSeconds) : 0
        if object.isBeingDeleted {
            // Deleting again can only shorten the wait.
            let current = object.at("metadata", "deletionGracePeriodSeconds")?.integerValue ?? 0
            if Int64(grace) >= current, Admission.holdsDeletion(type, object) { return object }
        } else if type == .pods, let generation = object.at("metadata", "generation")?.integerValue {
            object.set("metadata", "generation", to: .integer(generation + 1))
        }
        object.set("metadata", "deletionTimestamp", to: .string(timestamp(now().addingTimeInterval(Double(grace)))))
        object.set("metadata", "deletionGracePeriodSeconds", to: .integer(Int64(grace)))
        guard Admission.holdsDeletion(type, object) else {
            remove(type, key)
            return old.value
        }
        let marked = put(type, key, object)
        if options.propagation == .foreground { collectDependents(of: marked) }
        return stored(type, key)?.value ?? marked.value
    }

    /// ``delete(_:namespace:name:options:)`` with the options spelled out.
    @discardableResult
    func delete(
        _ type: ResourceType, namespace: String? = nil, name: String, gracePeriodSeconds: Int?,
        uid: String? = nil
    ) throws(APIError) -> JSONValue {
        try delete(
            type, namespace: namespace, name: name,
            options: DeleteOptions(gracePeriodSeconds: gracePeriodSeconds, uid: uid))
    }

    /// The node's word that a pod which is being deleted has stopped. The pod is written once more with grace 0 and
    /// goes, unless finalizers hold it. Does nothing when the pod is gone, has another uid or isn't being deleted.
    func finishDeletion(namespace: String, name: String, uid: String? = nil) {
        let key = ObjectKey(namespace, name)
        guard let pod = stored(.pods, key), uid == nil || pod.uid == uid, pod.value.isBeingDeleted else { return }
        var object = pod.value
        object.set("metadata", "deletionTimestamp", to: .string(timestamp(now())))
        object.set("metadata", "deletionGracePeriodSeconds", to: 0)
        _ = commit(.pods, key, object)
    }

    private func check(
        _ options: DeleteOptions, against old: StoredObject, _ type: ResourceType, _ name: String
    ) throws(APIError) {
        if let uid = options.uid, uid != old.uid {
            throw .conflict(
                type, name,
                "Precondition failed: UID in precondition: \(uid), UID in object meta: \(old.uid)")
        }
        if let version = options.resourceVersion, version != String(old.resourceVersion) {
            throw .conflict(
                type, name,
                "Precondition failed: ResourceVersion in precondition: \(version), "
                    + "ResourceVersion in object meta: \(old.resourceVersion)")
        }
    }

    /// Deletes what is in a namespace; the namespace goes with the last of it.
    private func terminateNamespace(_ key: ObjectKey, _ object: JSONValue) -> JSONValue {
        var object = object
        guard !object.isBeingDeleted else { return object }
        object.set("metadata", "deletionTimestamp", to: .string(timestamp(now())))
        object.set("status", "phase", to: "Terminating")
        let marked = put(.namespaces, key, object)
        for type in ResourceType.all where type.namespaced && type == type.storage {
            for item in list(type, namespace: key.name).items {
                // Throws only when collection has already taken the object.
                _ = try? delete(type, namespace: key.name, name: item.name)
            }
        }
        finishNamespace(key.name)
        return marked.value
    }

    func finishNamespace(_ name: String) {
        let key = ObjectKey(nil, name)
        guard let namespace = stored(.namespaces, key), namespace.value.isBeingDeleted else { return }
        let isEmpty = ResourceType.all.allSatisfy { type in
            !type.namespaced || !table(type).objects.keys.contains { $0.namespace == name }
        }
        if isEmpty { remove(.namespaces, key) }
    }
}
