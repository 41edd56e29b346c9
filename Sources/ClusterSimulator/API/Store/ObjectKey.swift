/// Where an object stands among those of its type.
struct ObjectKey: Sendable, Hashable, Comparable {
    /// Empty for types without namespaces.
    let namespace: String
    let name: String

    init(_ namespace: String?, _ name: String) {
        self.namespace = namespace ?? ""
        self.name = name
    }

    /// The order of the real storage, by the bytes of `namespace/name`: the pages of a list follow it.
    static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.path.utf8.lexicographicallyPrecedes(right.path.utf8)
    }

    var path: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }
}
