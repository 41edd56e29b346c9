import Cluster

/// The nodes that image sets select, in the order in which they are served, and what planning needs of each.
///
/// Zones take turns, so that each zone's peer-to-peer mirror fills early. Cordoned nodes come last: people warm those
/// on purpose, but nobody waits for them.
public struct Roster: Sendable {
    /// A node, as far as planning looks. Its platform and its zone are numbers.
    public struct Member: Sendable {
        public var name: String
        /// A place in ``Roster/platforms``.
        public var platform: Int
        public var zone: Int
        public var isReady: Bool
        public var hasDiskPressure: Bool
    }

    public private(set) var members: [Member] = []
    /// Those that `default` doesn't select: they have what other sets want of them.
    public private(set) var outsiders: Set<String> = []
    /// `os/arch` of the target nodes.
    public private(set) var platforms: [String] = []
    /// What each further set lists, and the nodes that are to have it. Mostly there are none.
    public private(set) var sets: [(set: ImageSet, nodes: Set<String>)] = []

    public init() {}

    /// How many they are.
    public var count: Int { members.count }

    /// - Parameter sets: those beside `default`, the oldest first.
    public init(_ cluster: ClusterView, scheduling: Scheduling, sets: [ImageSet] = []) {
        var zones: [String: Int] = [:]
        var turns: [Int] = []
        var numbers: [String: Int] = [:]
        let own = cluster.nodes.values.filter(scheduling.selects)
        self.sets = sets.map { ($0, $0.choose(of: cluster.nodes.values, from: own)) }
        if sets.contains(where: { $0.configuration != nil }) {
            outsiders = self.sets.reduce(into: Set<String>()) { $0.formUnion($1.nodes) }
                .subtracting(own.map(\.name))
        }
        let nodes = (own + outsiders.compactMap { cluster.nodes[$0] })
            .sorted { ($0.isUnschedulable ? 1 : 0, $0.name) < ($1.isUnschedulable ? 1 : 0, $1.name) }
        var ranked: [(rank: Int, zone: Int, member: Member)] = []
        ranked.reserveCapacity(nodes.count)
        var hasTurned = false
        for node in nodes {
            if node.isUnschedulable, !hasTurned {
                // The cordoned ones begin behind the last turn of the others.
                let last = turns.max() ?? 0
                turns = turns.map { _ in last }
                hasTurned = true
            }
            let zone = zones[node.zone ?? "", default: zones.count]
            if zone == turns.count {
                zones[node.zone ?? ""] = zone
                turns.append(hasTurned ? turns.max() ?? 0 : 0)
            }
            let platform = numbers[node.platform, default: numbers.count]
            if platform == platforms.count {
                numbers[node.platform] = platform
                platforms.append(node.platform)
            }
            let member = Member(
                name: node.name, platform: platform, zone: zone, isReady: node.isReady,
                hasDiskPressure: node.hasDiskPressure)
            ranked.append((turns[zone], zone, member))
            turns[zone] += 1
        }
        members = ranked.sorted { ($0.rank, $0.zone) < ($1.rank, $1.zone) }.map(\.member)
    }

    /// Whether a set selects any node, `default` too.
    public func selectsAny(_ set: String) -> Bool {
        if set == ImageSet.defaultName { return members.count > outsiders.count }
        return sets.first { $0.set.name == set }?.nodes.isEmpty == false
    }

    /// The nodes that are to have a set's images, `default`'s too.
    public func nodes(of set: String) -> Set<String> {
        if set == ImageSet.defaultName { return Set(members.lazy.map(\.name)).subtracting(outsiders) }
        return sets.first { $0.set.name == set }?.nodes ?? []
    }
}
