import Shared

/// Finds the fields of objects, what differs between two of them, and takes fields out.
struct FieldWalk: Sendable {
    let rules: MergeRules

    /// The parts of a value: members of an object, elements of a keyed list or of a set; nil when it is taken whole.
    func parts(_ value: JSONValue, field: String) -> [(step: String, field: String, value: JSONValue)]? {
        switch value {
        case .object(let members):
            guard !members.isEmpty, !rules.isAtomicObject(field) else { return nil }
            return members.map { ("f:\($0.key)", $0.key, $0.value) }
        case .array(let elements):
            switch rules.list(field) {
            case .atomic: return nil
            case .set: return elements.map { ("v:" + String(decoding: $0.encoded(), as: UTF8.self), "", $0) }
            case .keyed(let key): return elements.map { (key.path($0), "", $0) }
            }
        default: return nil
        }
    }

    /// ``parts(_:field:)``, with none for an empty object that members can come into.
    private func openParts(
        _ value: JSONValue, field: String
    ) -> [(step: String, field: String, value: JSONValue)]? {
        value == [:] && !rules.isAtomicObject(field) ? [] : parts(value, field: field)
    }

    /// Every field that a configuration speaks of.
    func fields(_ value: JSONValue, field: String = "") -> FieldSet {
        guard let parts = parts(value, field: field) else { return .leaf }
        var set = FieldSet()
        for part in parts {
            var child = fields(part.value, field: part.field)
            if !part.step.hasPrefix("f:") { child.isMember = true }
            set.children[part.step] = child
        }
        return set
    }

    /// What was added or changed between two versions, and what was taken away.
    func difference(
        from old: JSONValue?, to new: JSONValue?, field: String = ""
    ) -> (changed: FieldSet, removed: FieldSet) {
        guard old != new else { return (FieldSet(), FieldSet()) }
        let oldParts = old.flatMap { openParts($0, field: field) }
        let newParts = new.flatMap { openParts($0, field: field) }
        guard oldParts != nil || newParts != nil, old == nil || oldParts != nil, new == nil || newParts != nil else {
            return new == nil ? (FieldSet(), .leaf) : (.leaf, FieldSet())
        }
        let before = Dictionary((oldParts ?? []).map { ($0.step, $0) }) { first, _ in first }
        let after = Dictionary((newParts ?? []).map { ($0.step, $0) }) { first, _ in first }
        var changed = FieldSet(isMember: old == nil && !rules.isAlwaysThere(field))
        var removed = FieldSet(isMember: new == nil)
        for step in Set(before.keys).union(after.keys) {
            let field = after[step]?.field ?? before[step]?.field ?? ""
            let below = difference(from: before[step]?.value, to: after[step]?.value, field: field)
            if !below.changed.isEmpty { changed.children[step] = below.changed }
            if !below.removed.isEmpty { removed.children[step] = below.removed }
        }
        return (changed, removed)
    }

    /// A value without the fields of a set; nil when nothing of it is left.
    func removing(_ set: FieldSet, from value: JSONValue, field: String = "") -> JSONValue? {
        guard !set.isMember else { return nil }
        guard !set.children.isEmpty, let parts = parts(value, field: field) else { return value }
        var kept: [(step: String, value: JSONValue)] = []
        for part in parts {
            guard let below = set.children[part.step] else {
                kept.append((part.step, part.value))
                continue
            }
            if let rest = removing(below, from: part.value, field: part.field) { kept.append((part.step, rest)) }
        }
        if kept.isEmpty { return nil }
        if value.arrayValue != nil { return .array(kept.map(\.value)) }
        return .object(Dictionary(kept.map { (String($0.step.dropFirst(2)), $0.value) }) { first, _ in first })
    }
}
