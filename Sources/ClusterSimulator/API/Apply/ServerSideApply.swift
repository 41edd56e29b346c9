import FoundationEssentials
import Shared

/// Who applies, and whether others' fields may be taken from them.
struct ApplyOptions: Sendable {
    var manager: String
    var force = false

    init(manager: String, force: Bool = false) {
        self.manager = manager
        self.force = force
    }

    init(_ request: APIRequest) throws(APIError) {
        guard let manager = request.parameter("fieldManager") else {
            let type = ResourceType(group: "meta.k8s.io", plural: "", kind: "PatchOptions")
            throw .invalid(type, "", [.required("fieldManager", "is required for apply patch")])
        }
        self.manager = manager
        force = request.flag("force")
    }
}

/// Server-side apply: a manager says all the fields that it wants; what it said before and says no longer goes away,
/// unless somebody else owns it too.
struct ServerSideApply: Sendable {
    let type: ResourceType
    let options: ApplyOptions
    let subresource: ObjectStore.Subresource
    let now: Date

    /// The next version of the live object (an empty one when there is none). Throws 409 when the configuration changes
    /// fields that others own, without force.
    func merge(_ configuration: JSONValue, into live: JSONValue) throws(APIError) -> JSONValue {
        let walk = FieldWalk(rules: MergeRules(type))
        var wanted = ManagedFields.ownable(configuration)
        if subresource == .status {
            wanted = ["status": wanted["status"] ?? .object([:])]
        } else if type.hasStatus {
            wanted["status"] = nil
        }
        let part = subresource == .status ? "status" : ""
        let wantedFields = walk.fields(wanted)
        var managed = ManagedFields(of: live)
        let own = managed.index(options.manager, .apply, apiVersion: type.apiVersion, subresource: part)
        let said = own.map { managed.entries[$0].fields } ?? FieldSet()

        var merged = ApplyMerge(walk: walk).merge(wanted, into: live, field: "")
        let changed = walk.difference(from: ManagedFields.ownable(live), to: ManagedFields.ownable(merged)).changed
        try settle(changed.intersection(wantedFields), with: &managed, own: own)

        let others = managed.entries.enumerated().filter { $0.offset != own }.map(\.element.fields)
        let kept = others.reduce(FieldSet()) { $0.union($1) }
        let dropped = ServerSideApply.dropped(
            said.subtracting(wantedFields), keeping: kept.union(wantedFields))
        merged = walk.removing(dropped, from: merged) ?? merged

        var next = managed
        let entry = ManagedFields.Entry(
            manager: options.manager, operation: .apply, apiVersion: type.apiVersion, subresource: part,
            time: own.map { managed.entries[$0].time } ?? timestamp(now), fields: wantedFields)
        if let own { next.entries[own] = entry } else { next.entries.append(entry) }
        var result = merged
        next.store(in: &result)
        if result != live, let own {
            next.entries[own].time = timestamp(now)
            next.store(in: &result)
        }
        return result
    }

    /// Takes fields from their other owners, or refuses.
    private func settle(
        _ changed: FieldSet, with managed: inout ManagedFields, own: Int?
    ) throws(APIError) {
        var conflicts: [(entry: ManagedFields.Entry, paths: [String])] = []
        for index in managed.entries.indices where index != own {
            let taken = managed.entries[index].fields.intersection(changed)
            guard !taken.isEmpty else { continue }
            conflicts.append((managed.entries[index], taken.paths))
            managed.entries[index].fields = managed.entries[index].fields.subtracting(changed)
        }
        if !conflicts.isEmpty, !options.force { throw .applyConflict(conflicts) }
    }

    /// What of the fields that are no longer said can go: not what others own, nor what holds such a thing.
    private static func dropped(_ set: FieldSet, keeping kept: FieldSet) -> FieldSet {
        var result = FieldSet(isMember: set.isMember && kept.isEmpty)
        for (step, child) in set.children {
            let below = dropped(child, keeping: kept.children[step] ?? FieldSet())
            if !below.isEmpty { result.children[step] = below }
        }
        return result
    }
}

/// Lays a configuration over an object. Elements of keyed lists that only the object has keep their places.
struct ApplyMerge: Sendable {
    let walk: FieldWalk

    func merge(_ wanted: JSONValue, into live: JSONValue, field: String) -> JSONValue {
        guard let parts = walk.parts(wanted, field: field) else { return wanted }
        if case .object(let members) = live {
            var result = members
            for part in parts {
                let name = String(part.step.dropFirst(2))
                result[name] = members[name].map { merge(part.value, into: $0, field: part.field) } ?? part.value
            }
            return .object(result)
        }
        guard case .array = live, case .array = wanted, let present = walk.parts(live, field: field) else {
            return wanted
        }
        let asked = Set(parts.map(\.step))
        let known = Dictionary(present.map { ($0.step, $0.value) }) { first, _ in first }
        var result: [JSONValue] = []
        var rest = present[...]
        for part in parts {
            while let next = rest.first, !asked.contains(next.step) {
                result.append(next.value)
                rest.removeFirst()
            }
            if !rest.isEmpty { rest.removeFirst() }
            result.append(known[part.step].map { merge(part.value, into: $0, field: "") } ?? part.value)
        }
        result += rest.filter { !asked.contains($0.step) }.map(\.value)
        return .array(result)
    }
}

extension APIError {
    static func applyConflict(_ conflicts: [(entry: ManagedFields.Entry, paths: [String])]) -> APIError {
        let count = conflicts.reduce(0) { $0 + $1.paths.count }
        let causes = conflicts.flatMap { conflict in
            conflict.paths.map { path -> JSONValue in
                [
                    "reason": "FieldManagerConflict", "message": .string(conflict.entry.title),
                    "field": .string(path),
                ]
            }
        }
        let text = conflicts.map { conflict in
            if count == 1 { return "\(conflict.entry.title): \(conflict.paths.joined())" }
            let several = conflict.entry.title.replacing("conflict with", with: "conflicts with", maxReplacements: 1)
            return "\(several):" + conflict.paths.map { "\n- \($0)" }.joined()
        }
        return APIError(
            code: 409, reason: "Conflict",
            message: "Apply failed with \(count) conflict\(count == 1 ? "" : "s"): \(text.joined(separator: "\n"))",
            details: ["causes": .array(causes)])
    }
}

extension ObjectStore {
    /// Server-side apply; creates the object when there is none.
    func apply(
        _ type: ResourceType, namespace: String?, name: String, configuration: JSONValue, manager: ApplyOptions,
        subresource: Subresource = .none
    ) throws(APIError) -> (object: JSONValue, isNew: Bool) {
        let old = get(type, namespace: namespace, name: name)
        guard configuration.name.isEmpty || configuration.name == name else {
            throw .badRequest(
                "the name of the object (\(configuration.name)) does not match the name on the URL (\(name))")
        }
        if configuration.at("metadata", "managedFields") != nil {
            throw .badRequest("metadata.managedFields must be nil")
        }
        let apply = ServerSideApply(type: type.storage, options: manager, subresource: subresource, now: now())
        let uid = configuration.at("metadata", "uid")?.stringValue ?? ""
        guard let old else {
            if subresource == .status { throw .notFound(type, name) }
            guard uid.isEmpty else {
                throw .conflict(
                    type, name,
                    "uid mismatch: the provided object specified uid \(uid), and no existing object was found")
            }
            var object = try apply.merge(configuration, into: .object([:]))
            object.set("metadata", "name", to: .string(name))
            return (try create(type, namespace: namespace, object: object), true)
        }
        if let version = configuration.at("metadata", "resourceVersion")?.stringValue,
            version != old.at("metadata", "resourceVersion")?.stringValue
        {
            throw .conflict(type, name)
        }
        guard uid.isEmpty || uid == old.uid else {
            throw .conflict(
                type, name, "Precondition failed: UID in precondition: \(uid), UID in object meta: \(old.uid)")
        }
        let merged = try apply.merge(configuration, into: old)
        return (
            try update(type, namespace: namespace, name: name, object: merged, subresource: subresource), false
        )
    }
}
