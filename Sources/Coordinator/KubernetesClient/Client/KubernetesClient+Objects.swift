import FoundationEssentials
import Shared

extension KubernetesClient {
    /// Reads one object.
    package func get<Resource: KubernetesResource>(
        _ type: Resource.Type = Resource.self, _ name: String, namespace: String? = nil
    ) async throws -> Resource {
        let operation = Self.operation("get", Resource.resourceType, name, namespace)
        let path = Resource.resourceType.path(namespace: namespace, name: name)
        return try decode(await send(Request(path: path, operation: operation)), operation)
    }

    /// Reads one object as the document that it is.
    package func document(_ type: ResourceType, _ name: String, namespace: String? = nil) async throws -> JSONValue {
        let operation = Self.operation("get", type, name, namespace)
        return try decode(
            await send(Request(path: type.path(namespace: namespace, name: name), operation: operation)), operation)
    }

    /// Reads one object; nil when there is none.
    package func find<Resource: KubernetesResource>(
        _ type: Resource.Type = Resource.self, _ name: String, namespace: String? = nil
    ) async throws -> Resource? {
        do {
            return try await get(type, name, namespace: namespace)
        } catch let error as KubernetesError where error.isNotFound {
            return nil
        }
    }

    /// Creates an object. Not repeated when the server may have done it already.
    ///
    /// - Parameter isDryRun: the server does all but storing it.
    /// - Throws: ``KubernetesError``; ``KubernetesError/isAlreadyExists`` when there is one of that name.
    @discardableResult
    package func create(
        _ document: some Encodable, _ type: ResourceType, namespace: String? = nil, isDryRun: Bool = false
    ) async throws -> JSONValue {
        let operation = Self.operation("create", type, nil, namespace)
        let request = Request(
            method: "POST", path: type.path(namespace: namespace),
            query: Self.ownership + (isDryRun ? [("dryRun", "All")] : []),
            contentType: "application/json", body: try Self.encode(document), operation: operation, safety: .once)
        return try decode(await send(request), operation)
    }

    /// Server-side apply under our field manager: the fields of the document become ours, those that we applied
    /// before and leave out now go away, others' stay.
    ///
    /// - Parameter force: takes fields over that another manager owns.
    @discardableResult
    package func apply(
        _ document: JSONValue, _ type: ResourceType, name: String, namespace: String? = nil, subresource: String? = nil,
        force: Bool = true
    ) async throws -> JSONValue {
        let operation = Self.operation("apply", type, name, namespace)
        let request = Request(
            method: "PATCH", path: type.path(namespace: namespace, name: name, subresource: subresource),
            query: Self.ownership + [("force", force ? "true" : "false")],
            // JSON is YAML, and every API server since 1.16 takes this type.
            contentType: "application/apply-patch+yaml", body: try Self.encode(document), operation: operation)
        return try decode(await send(request), operation)
    }

    /// JSON merge patch (RFC 7386): null removes, lists are replaced whole.
    @discardableResult
    package func mergePatch(
        _ patch: JSONValue, _ type: ResourceType, name: String, namespace: String? = nil, subresource: String? = nil
    ) async throws -> JSONValue {
        try await self.patch(
            patch, as: "application/merge-patch+json", type, name: name, namespace: namespace, subresource: subresource)
    }

    /// Strategic merge patch: in lists that have a merge key, items are added or merged by it. Only for Kubernetes' own types.
    @discardableResult
    package func strategicPatch(
        _ patch: JSONValue, _ type: ResourceType, name: String, namespace: String? = nil, subresource: String? = nil
    ) async throws -> JSONValue {
        try await self.patch(
            patch, as: "application/strategic-merge-patch+json", type, name: name, namespace: namespace,
            subresource: subresource)
    }

    private func patch(
        _ patch: JSONValue, as contentType: String, _ type: ResourceType, name: String, namespace: String?,
        subresource: String?
    ) async throws -> JSONValue {
        let operation = Self.operation("patch", type, name, namespace)
        let request = Request(
            method: "PATCH", path: type.path(namespace: namespace, name: name, subresource: subresource),
            query: Self.ownership, contentType: contentType, body: try Self.encode(patch), operation: operation)
        return try decode(await send(request), operation)
    }

    /// Replaces an object whole (PUT), in the version that the document's `metadata.resourceVersion` names.
    ///
    /// Not repeated when the server may have done it already: its second answer would be a conflict with the first.
    ///
    /// - Throws: ``KubernetesError``; ``KubernetesError/isConflict`` when somebody has changed the object since.
    /// - Returns: the object as it is now, with its new version.
    @discardableResult
    package func replace(
        _ document: JSONValue, _ type: ResourceType, name: String, namespace: String? = nil
    ) async throws -> JSONValue {
        let operation = Self.operation("update", type, name, namespace)
        let request = Request(
            method: "PUT", path: type.path(namespace: namespace, name: name), query: Self.ownership,
            contentType: "application/json", body: try Self.encode(document), operation: operation, safety: .once)
        return try decode(await send(request), operation)
    }

    /// What happens to the objects that the deleted one owns.
    package enum Propagation: String, Sendable, Encodable {
        /// The garbage collector deletes them after it.
        case background = "Background"
        /// They are deleted before it.
        case foreground = "Foreground"
        /// They stay, without an owner.
        case orphan = "Orphan"
    }

    /// `meta/v1 DeleteOptions`.
    package struct DeleteOptions: Sendable {
        /// Seconds that a pod has to end; nil: as the object says.
        var gracePeriodSeconds: Int?
        /// Delete only this very object, not a successor of the same name. Makes the deletion safe to repeat.
        package var uid: String?
        /// Delete only when nobody has changed it since.
        var resourceVersion: String?
        package var propagation: Propagation?

        package init(
            gracePeriodSeconds: Int? = nil, uid: String? = nil, resourceVersion: String? = nil,
            propagation: Propagation? = nil
        ) {
            self.gracePeriodSeconds = gracePeriodSeconds
            self.uid = uid
            self.resourceVersion = resourceVersion
            self.propagation = propagation
        }
    }

    /// Deletes an object. One that is gone already counts as deleted.
    ///
    /// - Throws: ``KubernetesError``; ``KubernetesError/isConflict`` when a precondition doesn't hold.
    package func delete(
        _ type: ResourceType, name: String, namespace: String? = nil, options: DeleteOptions = DeleteOptions()
    ) async throws {
        var document: JSONValue = ["kind": "DeleteOptions", "apiVersion": "v1"]
        if let seconds = options.gracePeriodSeconds { document["gracePeriodSeconds"] = .integer(Int64(seconds)) }
        if let propagation = options.propagation { document["propagationPolicy"] = .string(propagation.rawValue) }
        var preconditions: [String: JSONValue] = [:]
        if let uid = options.uid { preconditions["uid"] = .string(uid) }
        if let version = options.resourceVersion { preconditions["resourceVersion"] = .string(version) }
        if !preconditions.isEmpty { document["preconditions"] = .object(preconditions) }
        let request = Request(
            method: "DELETE", path: type.path(namespace: namespace, name: name), contentType: "application/json",
            body: try Self.encode(document), operation: Self.operation("delete", type, name, namespace),
            safety: options.uid == nil ? .once : .idempotent)
        do {
            _ = try await send(request)
        } catch let error as KubernetesError where error.isNotFound {
            return
        }
    }

    private static let ownership: [(name: String, value: String)] = [("fieldManager", fieldManager)]

    static func encode(_ document: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return Array(try encoder.encode(document))
    }

    static func operation(_ verb: String, _ type: ResourceType, _ name: String?, _ namespace: String?) -> String {
        var text = "\(verb) \(type.plural)"
        if let name { text += " \"\(name)\"" }
        if type.isNamespaced {
            text += namespace.map { " in namespace \"\($0)\"" } ?? " in all namespaces"
        }
        return text
    }
}
