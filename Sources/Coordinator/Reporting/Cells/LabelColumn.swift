/// The values of one label on all nodes.
struct LabelColumn: Codable, Sendable, Hashable {
    var key: String
    /// Sorted.
    var values: [String]
    /// For each node its value's position in ``values``; -1 when it hasn't got the label.
    var of: [Int]

    /// A label with more values than this groups nothing: the node's own name is one.
    static let maximumValues = 64

    /// The labels by which nodes can be grouped, sorted by their keys.
    static func columns(_ labels: [[String: String]]) -> [LabelColumn] {
        var values: [String: Set<String>] = [:]
        for node in labels {
            for (key, value) in node where (values[key]?.count ?? 0) <= maximumValues {
                values[key, default: []].insert(value)
            }
        }
        // One value a node is that node's name in other words, except where there are few nodes.
        let limit = labels.count > 8 ? min(maximumValues, labels.count / 2) : maximumValues
        return values.filter { $0.value.count <= limit && $0.key != hostname }.sorted { $0.key < $1.key }.map {
            key, set in
            let sorted = set.sorted()
            let positions = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($0.element, $0.offset) })
            return LabelColumn(
                key: key, values: sorted, of: labels.map { $0[key].flatMap { positions[$0] } ?? -1 })
        }
    }

    private static let hostname = "kubernetes.io/hostname"
}
