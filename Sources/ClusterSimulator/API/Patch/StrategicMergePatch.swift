import Shared

/// Kubernetes' strategic merge patch, as far as people use it by hand: `kubectl edit` and `kubectl patch` send it.
struct StrategicMergePatch {
    let rules: MergeRules

    func merge(_ patch: JSONValue, into target: JSONValue, field: String) -> JSONValue {
        switch patch {
        case .object(let changes): merge(changes, into: target.objectValue ?? [:])
        case .array(let elements): merge(elements, into: target.arrayValue ?? [], field: field)
        default: patch
        }
    }

    private func merge(_ changes: [String: JSONValue], into target: [String: JSONValue]) -> JSONValue {
        if changes["$patch"] == "replace" { return .object(changes.filter { $0.key != "$patch" }) }
        var result = target
        // Of a union such as a Deployment's strategy: the fields of another member go.
        if let kept = changes["$retainKeys"]?.arrayValue { result = result.filter { kept.contains(.string($0.key)) } }
        for (key, change) in changes where !key.hasPrefix("$") {
            result[key] = change == .null ? nil : merge(change, into: result[key] ?? .null, field: key)
        }
        let removals = "$deleteFromPrimitiveList/"
        for (key, change) in changes where key.hasPrefix(removals) {
            let field = String(key.dropFirst(removals.count))
            let gone = change.arrayValue ?? []
            result[field] = .array((result[field]?.arrayValue ?? []).filter { !gone.contains($0) })
        }
        return .object(result)
    }

    private func merge(_ elements: [JSONValue], into target: [JSONValue], field: String) -> JSONValue {
        if elements.contains(["$patch": "replace"]) {
            return .array(elements.filter { $0 != ["$patch": "replace"] })
        }
        switch rules.list(field) {
        case .atomic: return .array(elements)
        case .set: return .array(target + elements.filter { !target.contains($0) })
        case .keyed(let key):
            var result = target
            for element in elements {
                let index = result.firstIndex { key.path($0) == key.path(element) }
                if element["$patch"] == "delete" {
                    if let index { result.remove(at: index) }
                } else if let index {
                    result[index] = merge(element, into: result[index], field: field)
                } else {
                    result.append(merge(element, into: .object([:]), field: field))
                }
            }
            return .array(result)
        }
    }
}
