import FoundationEssentials
import Shared

extension ObjectStore {
    /// Creates an object: sets its name from `generateName`, its uid and its time, fills in what the API server
    /// fills in, and checks it. In a dry run that is all.
    @discardableResult
    func create(
        _ type: ResourceType, namespace: String? = nil, object: JSONValue, manager: FieldManager? = nil,
        isDryRun: Bool = false
    ) throws(APIError) -> JSONValue {
        var object = object
        object["apiVersion"] = .string(type.storage.apiVersion)
        object["kind"] = .string(type.kind)
        let namespace = try checkedNamespace(type, namespace, of: object)
        if object.at("metadata", "resourceVersion")?.stringValue?.isEmpty == false {
            throw .badRequest("resourceVersion should not be set on objects to be created")
        }
        let name = try chosenName(type, namespace, of: object)
        object.set("metadata", "name", to: .string(name))
        object.set("metadata", "namespace", to: namespace.map(JSONValue.string))
        object.set("metadata", "uid", to: .string(UUID().uuidString.lowercased()))
        object.set("metadata", "creationTimestamp", to: .string(timestamp(now())))
        object.set("metadata", "resourceVersion", to: nil)
        object.set("metadata", "deletionTimestamp", to: nil)
        object.set("metadata", "deletionGracePeriodSeconds", to: nil)
        object = try checked(type, mutated(type, namespace, object))
        Admission.prepareForCreate(type, &object)
        try Admission.validate(type, object, old: nil)
        if type == .pods {
            try checkPodSecurity(object, namespace)
            try checkQuota(object, namespace)
        }
        if let manager { manager.record(in: &object, comparedWith: nil, type: type, subresource: .none, at: now()) }
        if isDryRun { return object }
        let key = ObjectKey(namespace, name)
        let created = put(type, key, object)
        collectIfOrphaned(created)
        return created.value
    }

    /// Replaces an object, or its status alone. Throws 404, or 409 when the object's resource version isn't the
    /// stored one (an object without one is written whatever is stored, but for Leases, which must have one).
    @discardableResult
    func update(
        _ type: ResourceType, namespace: String? = nil, name: String, object: JSONValue,
        subresource: Subresource = .none, manager: FieldManager? = nil
    ) throws(APIError) -> JSONValue {
        let key = ObjectKey(namespace, name)
        guard let old = stored(type, key) else { throw .notFound(type, name) }
        let given = object.at("metadata", "resourceVersion")?.stringValue ?? ""
        if given.isEmpty, type == .leases { throw .invalid(type, name, [LeaseValidation.withoutVersion]) }
        if !given.isEmpty, given != String(old.resourceVersion) { throw .conflict(type, name) }
        if let uid = object.at("metadata", "uid")?.stringValue, !uid.isEmpty, uid != old.uid {
            // Measured: of this subresource alone the answer isn't a conflict.
            if subresource == .ephemeralContainers { throw .invalid(type, name, [EphemeralValidation.foreignUID(uid)]) }
            throw .conflict(
                type, name, "Precondition failed: UID in precondition: \(uid), UID in object meta: \(old.uid)")
        }
        let changed = subresource == .none ? mutated(type, namespace, object) : object
        var new = try checked(
            type, Admission.prepareForUpdate(type, changed, old: old.value, subresource: subresource))
        guard new != old.value else { return old.value }  // no version is made, no watcher told
        if subresource == .ephemeralContainers {
            let faults = EphemeralValidation.faults(new, old: old.value)
            if !faults.isEmpty { throw .invalid(type, name, faults) }
        } else {
            try Admission.validate(type, new, old: old.value)
        }
        if let manager {
            manager.record(in: &new, comparedWith: old.value, type: type, subresource: subresource, at: now())
        }
        return commit(type, key, new)
    }

    /// Changes an object in one step that nobody can come between. Throws 404 when there is none.
    /// With ``Subresource/status`` only a change of the status counts.
    @discardableResult
    func mutate(
        _ type: ResourceType, namespace: String? = nil, name: String, subresource: Subresource = .none,
        _ change: @Sendable (inout JSONValue) -> Void
    ) throws(APIError) -> JSONValue {
        guard let old = stored(type, ObjectKey(namespace, name)) else { throw .notFound(type, name) }
        var object = old.value
        change(&object)
        return try update(type, namespace: namespace, name: name, object: object, subresource: subresource)
    }

    private func mutated(_ type: ResourceType, _ namespace: String?, _ object: JSONValue) -> JSONValue {
        guard [.daemonSets, .pods].contains(type), let namespace, let place = get(.namespaces, name: namespace) else {
            return object
        }
        return PlatformPolicy(place).mutate(type, object)
    }

    private func checkQuota(_ pod: JSONValue, _ namespace: String?) throws(APIError) {
        guard let namespace, let place = get(.namespaces, name: namespace), let limit = PlatformPolicy(place).podQuota
        else { return }
        let used = list(.pods, namespace: namespace).items.count { !DaemonSetPlan.hasEnded($0) }
        guard used >= limit else { return }
        throw .forbidden(
            .pods, pod.name, "exceeded quota: pods, requested: pods=1, used: pods=\(used), limited: pods=\(limit)")
    }

    /// Writes a prepared and checked version, and takes the object away when this was what its deletion waited for.
    func commit(_ type: ResourceType, _ key: ObjectKey, _ value: JSONValue) -> JSONValue {
        let written = put(type, key, value)
        if value.isBeingDeleted, !Admission.holdsDeletion(type, value) {
            remove(type, key)
        } else {
            collectIfOrphaned(written)
        }
        return written.value
    }

    private func checkedNamespace(
        _ type: ResourceType, _ given: String?, of object: JSONValue
    ) throws(APIError) -> String? {
        guard type.namespaced else { return nil }
        let namespace = given ?? object.namespace ?? "default"
        if let own = object.namespace, !own.isEmpty, own != namespace {
            throw .badRequest(
                "the namespace of the provided object does not match the namespace sent on the request")
        }
        guard let found = stored(.namespaces, ObjectKey(nil, namespace)) else {
            throw .notFound(.namespaces, namespace)
        }
        guard !found.value.isBeingDeleted else {
            throw .forbidden(
                type, object.name,
                "unable to create new content in namespace \(namespace) because it is being terminated")
        }
        return namespace
    }

    private func checkPodSecurity(_ pod: JSONValue, _ namespace: String?) throws(APIError) {
        let labels = stored(.namespaces, ObjectKey(nil, namespace ?? ""))?.value.labels
        guard let level = labels?[PodSecurity.label].flatMap(PodSecurity.init) else { return }
        let violations = level.violations(pod["spec"] ?? .object([:]))
        if !violations.isEmpty { throw .violates(level, pod.name, violations) }
    }

    private func chosenName(
        _ type: ResourceType, _ namespace: String?, of object: JSONValue
    ) throws(APIError) -> String {
        let name = object.name
        if name.isEmpty, let prefix = object.at("metadata", "generateName")?.stringValue, !prefix.isEmpty {
            while true {
                let generated = prefix + ObjectStore.suffix()
                if stored(type, ObjectKey(namespace, generated)) == nil { return generated }
            }
        }
        if !name.isEmpty, stored(type, ObjectKey(namespace, name)) != nil { throw .alreadyExists(type, name) }
        return name  // an empty one is refused by validation
    }

    /// Five characters of the alphabet that Kubernetes uses: no vowels, so no words.
    private static func suffix() -> String {
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        return String((0..<5).compactMap { _ in alphabet.randomElement() })
    }
}
