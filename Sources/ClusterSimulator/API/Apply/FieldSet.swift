import Shared

/// A set of fields of an object, as `fieldsV1` writes it: a tree whose steps are `f:<member>`, `k:<keys>` for an
/// element of a keyed list, `v:<value>` for an element of a set.
struct FieldSet: Sendable, Equatable {
    /// Whether the field at this place belongs to the set, apart from those below it.
    var isMember = false
    var children: [String: FieldSet] = [:]

    static let leaf = FieldSet(isMember: true)

    var isEmpty: Bool { !isMember && children.isEmpty }

    init(isMember: Bool = false, children: [String: FieldSet] = [:]) {
        self.isMember = isMember
        self.children = children
    }

    /// Reads `fieldsV1`.
    init(fieldsV1: JSONValue) {
        let members = fieldsV1.objectValue ?? [:]
        isMember = members.isEmpty || members["."] != nil
        children = members.filter { $0.key != "." }.mapValues(FieldSet.init(fieldsV1:))
    }

    var fieldsV1: JSONValue {
        var object = children.mapValues(\.fieldsV1)
        if isMember, !children.isEmpty { object["."] = .object([:]) }
        return .object(object)
    }

    func union(_ other: FieldSet) -> FieldSet {
        FieldSet(
            isMember: isMember || other.isMember,
            children: children.merging(other.children) { $0.union($1) })
    }

    func subtracting(_ other: FieldSet) -> FieldSet {
        combined(other) { $0 && !$1 }
    }

    func intersection(_ other: FieldSet) -> FieldSet {
        combined(other) { $0 && $1 }
    }

    /// The paths of the members, as messages write them: `.data.a`, `.spec.containers[name="c"].image`.
    var paths: [String] {
        let below = children.sorted { $0.key < $1.key }.flatMap { step, set in
            set.paths.map { FieldSet.shown(step) + $0 }
        }
        return (isMember ? [""] : []) + below
    }

    private func combined(_ other: FieldSet, _ rule: (Bool, Bool) -> Bool) -> FieldSet {
        var result = FieldSet(isMember: rule(isMember, other.isMember))
        for (step, child) in children {
            let combined = child.combined(other.children[step] ?? FieldSet(), rule)
            if !combined.isEmpty { result.children[step] = combined }
        }
        return result
    }

    private static func shown(_ step: String) -> String {
        let text = step.dropFirst(2)
        if step.hasPrefix("f:") { return ".\(text)" }
        if step.hasPrefix("v:") { return "[=\(text)]" }
        // {"name":"c"} reads [name="c"]
        let members = text.dropFirst().dropLast().split(separator: ",").map { member in
            let sides = member.split(separator: ":", maxSplits: 1)
            guard sides.count == 2 else { return String(member) }
            return "\(sides[0].filter { $0 != "\"" })=\(sides[1])"
        }
        return "[\(members.joined(separator: ","))]"
    }
}
