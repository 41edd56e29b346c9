import Shared

/// JSON Merge Patch, RFC 7386.
enum MergePatch {
    static func merge(_ patch: JSONValue, into target: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var result = target.objectValue ?? [:]
        for (key, change) in changes {
            result[key] = change == .null ? nil : merge(change, into: result[key] ?? .object([:]))
        }
        return .object(result)
    }
}
