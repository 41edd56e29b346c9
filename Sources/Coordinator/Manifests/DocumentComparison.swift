import Cluster
import Shared

/// Compares what we set with what an API server made of it.
///
/// Members that only the server's document has are its defaults or others' business. Lists whose members have a `name`
/// are matched by it; all other lists must be equal in length and order. An empty list or object may be missing.
struct DocumentComparison: Sendable {
    /// Paths of differences, such as `spec.template.spec.containers[nginx].image`.
    private(set) var changed: [String] = []

    mutating func compare(_ wanted: JSONValue, _ live: JSONValue?, _ path: String) {
        switch (wanted, live) {
        case (.object(let members), .object(let present)?):
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                compare(value, present[key], "\(path).\(key)")
            }
        case (.array(let members), .array(let present)?):
            compareLists(members, present, path)
        case (.object(let members), nil) where members.isEmpty:
            return
        case (.array(let members), nil) where members.isEmpty:
            return
        default:
            guard let live, Self.areEqual(wanted, live, path) else { return changed.append(path) }
        }
    }

    private mutating func compareLists(_ wanted: [JSONValue], _ live: [JSONValue], _ path: String) {
        let names = wanted.compactMap { $0["name"]?.stringValue }
        guard !names.isEmpty, names.count == wanted.count else {
            guard wanted.count == live.count else { return changed.append(path) }
            for (index, (left, right)) in zip(wanted, live).enumerated() { compare(left, right, "\(path)[\(index)]") }
            return
        }
        let present = Dictionary(
            live.compactMap { member in member["name"]?.stringValue.map { ($0, member) } },
            uniquingKeysWith: { first, _ in first })
        for (name, member) in zip(names, wanted) { compare(member, present[name], "\(path)[\(name)]") }
        // Containers are started in this order.
        let order = live.compactMap { $0["name"]?.stringValue }.filter(Set(names).contains)
        if order.count == names.count, order != names, path.hasSuffix("ontainers") { changed.append("\(path) (order)") }
    }

    /// The API server writes quantities in their canonical form: `0.1` comes back as `100m`.
    private static func areEqual(_ wanted: JSONValue, _ live: JSONValue, _ path: String) -> Bool {
        if wanted == live { return true }
        guard path.contains(".resources.") || path.hasSuffix(".sizeLimit"),
            let left = wanted.stringValue, let right = live.stringValue
        else { return false }
        guard let left = try? Quantity(left), let right = try? Quantity(right) else { return false }
        return thousandths(left) == thousandths(right)
    }

    /// The API server rounds up to a thousandth: a CPU request of `0.5m` comes back as `1m`.
    private static func thousandths(_ quantity: Quantity) -> Int128 {
        let nano: Int128 = 1_000_000
        return quantity.nano / nano + (quantity.nano % nano > 0 ? 1 : 0)
    }
}
