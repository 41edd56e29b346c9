import Cluster
import Shared

/// A list of images, and the nodes that are to have them. The main ConfigMap is the set `default`; this is one beside it.
///
/// A set with a ``configuration`` is held: it has a DaemonSet of its own, on the nodes that it selects by itself. Others are
/// prefetches: nothing holds them, and they are only pulled on nodes that `default` selects.
///
/// There is one fleet for all sets, one history, one budget for each registry. What a set is made of stays apart:
///
/// - **What is on nodes** (``Fleet``) knows no sets. A reference has one column, whoever lists it: entries of `default`
///   come first, in their order, then what other sets list besides, then our own image. So it is tried, pulled, retried
///   and refreshed once a node, and trials, windows and circuits are the same for all.
/// - **Who wants it there** is the ``Roster``'s word: which nodes each set selects. A cell exists where a set that lists
///   the column's reference selects the node. The planner pulls, retries and refreshes such cells alone, and takes back
///   orders of others.
/// - **What is held** is the affair of each set's DaemonSet, and follows the configuration that it is made from.
///
/// Without further sets none of this costs anything: every column is wanted on every target node.
public struct ImageSet: Sendable, Equatable {
    /// The set of the main ConfigMap.
    public static let defaultName = PodView.defaultSet

    public var name: String
    /// In the order in which they are pulled, behind those of older sets.
    public var references: [ImageReference]
    /// Held: which nodes have its pods. Else of what `default` selects those that match; taints don't count, since nothing is
    /// scheduled for the set.
    public var scheduling: Scheduling
    /// On so many of those nodes; nil: on all. When one isn't ready another takes its place.
    public var count: Int?
    /// What its DaemonSet is made from, the cluster's keys being those of the main ConfigMap. Nil: nothing holds it.
    public private(set) var configuration: Configuration?

    public init(name: String, references: [ImageReference], scheduling: Scheduling = Scheduling(), count: Int? = nil) {
        self.name = name
        self.references = references
        self.scheduling = scheduling
        self.count = count
    }

    /// A set with a DaemonSet.
    ///
    /// - Parameters:
    ///   - own: what its own source says.
    ///   - main: what says the rest.
    public init(name: String, own: Configuration, main: Configuration) {
        let configuration = own.withClusterKeys(of: main)
        self.init(
            name: name, references: configuration.images.map(\.reference), scheduling: configuration.scheduling,
            count: configuration.nodeCount)
        self.configuration = configuration
    }

    /// The same with images named as pods name them.
    public func named(by images: AdmittedImages) -> ImageSet {
        guard let configuration else { return self }
        var set = self
        set.configuration = images.applied(to: configuration)
        set.references = set.configuration?.images.map(\.reference) ?? []
        return set
    }

    /// The same on nodes of these names alone; of a held set, whose DaemonSet must know them.
    public func pinned(to names: [String]?) -> ImageSet {
        guard let names, !names.isEmpty, var configuration else { return self }
        configuration.scheduling = configuration.scheduling.narrowed(to: names)
        var set = self
        set.scheduling = configuration.scheduling
        set.configuration = configuration
        return set
    }

    /// The nodes that are to have the images. The same ones in every run, and when one comes or goes the others stay.
    ///
    /// - Parameters:
    ///   - all: of the cluster.
    ///   - nodes: those among them that `default` selects.
    public func choose(of all: some Collection<NodeView>, from nodes: [NodeView]) -> Set<String> {
        let matching = configuration != nil ? all.filter(scheduling.selects) : match(nodes)
        guard let count, matching.count > count else { return Set(matching.map(\.name)) }
        func rank(_ node: NodeView) -> UInt64 {
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in "\(name)/\(node.name)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
            // The last bytes would count too little for the order.
            return (hash ^ hash >> 32) &* 0x9E37_79B9_7F4A_7C15
        }
        let ranked = matching.map { node in
            (trouble: node.isReady && !node.isUnschedulable ? 0 : 1, rank: rank(node), name: node.name)
        }.sorted { $0 < $1 }
        return Set(ranked.prefix(count).map(\.name))
    }

    /// The nodes that match. A prefetch can name a thousand, which aren't compared with each of thousands.
    private func match(_ nodes: [NodeView]) -> [NodeView] {
        let required = scheduling.affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
        guard let terms = required?.nodeSelectorTerms else { return nodes.filter(scheduling.matches) }
        var names: Set<String> = []
        for term in terms {
            guard let field = term.matchFields?.first, term.matchFields?.count == 1, field.key == "metadata.name",
                field.operator == .in, (term.matchExpressions ?? []).isEmpty
            else { return nodes.filter(scheduling.matches) }
            names.formUnion(field.values ?? [])
        }
        var rest = scheduling
        rest.affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution = nil
        return nodes.filter { names.contains($0.name) && rest.matches($0) }
    }
}
