/// Which image set has which DaemonSet: two must not write one.
///
/// Who has a name keeps it: a later edit of another set, whichever is older, takes nothing from a set that is in force.
public struct DaemonSetClaims: Sendable, Equatable {
    /// A DaemonSet's place in the cluster.
    public struct Place: Sendable, Hashable {
        public var namespace: String
        public var name: String

        public init(namespace: String, name: String) {
            self.namespace = namespace
            self.name = name
        }

        public init(_ configuration: Configuration) {
            self.init(namespace: configuration.namespace, name: configuration.daemonSetName)
        }
    }

    /// By set.
    private var places: [String: Place] = [:]

    public init() {}

    /// The set that has the place already; nil: it's free, or the set's own.
    public func owner(of place: Place, otherThan set: String) -> String? {
        places.first { $0.value == place && $0.key != set }?.key
    }

    /// From now on the set has this place, and no other.
    ///
    /// - Returns: whether it has; not where another set has it.
    @discardableResult
    public mutating func claim(_ place: Place, for set: String) -> Bool {
        guard owner(of: place, otherThan: set) == nil else { return false }
        places[set] = place
        return true
    }

    /// The set has gone.
    public mutating func release(_ set: String) { places[set] = nil }
}
