import Shared

/// The ways to say what changes in an object.
enum PatchFormat: Sendable, Equatable {
    /// RFC 7386: members replace, null removes, lists are replaced whole.
    case merge
    /// Kubernetes' own: lists with keys are merged by them.
    case strategicMerge
    /// Server-side apply.
    case apply

    init?(mediaType: String?) {
        switch mediaType {
        case "application/merge-patch+json": self = .merge
        case "application/strategic-merge-patch+json": self = .strategicMerge
        case "application/apply-patch+yaml", "application/apply-patch+json": self = .apply
        default: return nil
        }
    }

    /// An object changed by a patch document; for ``apply`` see ``ServerSideApply``.
    func applied(_ patch: JSONValue, to object: JSONValue, type: ResourceType) -> JSONValue {
        switch self {
        case .merge, .apply: MergePatch.merge(patch, into: object)
        case .strategicMerge: StrategicMergePatch(rules: MergeRules(type)).merge(patch, into: object, field: "")
        }
    }
}

extension ObjectStore {
    /// Changes an object by a patch document, in one step. Throws 404, 409 when the document names a resource version
    /// that isn't the stored one, 422 when the result isn't valid.
    func patch(
        _ type: ResourceType, namespace: String?, name: String, format: PatchFormat, document: JSONValue,
        subresource: Subresource = .none, manager: FieldManager? = nil
    ) throws(APIError) -> JSONValue {
        guard let old = get(type, namespace: namespace, name: name) else { throw .notFound(type, name) }
        let shown = EventView.shown(old, as: type)
        let patched = try RequestBody.checked(format.applied(document, to: shown, type: type), type)
        return try update(
            type, namespace: namespace, name: name, object: patched, subresource: subresource, manager: manager)
    }
}
