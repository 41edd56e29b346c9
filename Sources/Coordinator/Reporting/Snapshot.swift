import Cluster
import ImageSets
import Planning
import Shared
import Supervision

/// Everything that a report is computed from, at one moment.
package struct Snapshot: Sendable {
    package var configuration: Configuration
    /// The number of the accepted revision; 0 before the first.
    package var revision: Int
    package var cluster: ClusterView
    package var fleet: Fleet
    package var now: Timestamp
    /// Agents that are refused, by their node.
    package var refusals: [String: AgentRefusal] = [:]
    /// What was cut off the newest report of a node, by its name.
    package var reportCuts: [String: CheckedReport.Cuts] = [:]

    /// What pods name in place of what the revision in force names; in ``configuration`` that is done.
    package var admittedImages = AdmittedImages()
    /// Why nodes have no pod of ours, in the API server's words, by image set; nil: nobody says.
    package var whyNoPod: [String: String] = [:]
    /// What is known of pods of each set's present template before there is one.
    package var successors: [String: Successor] = [:]
    /// Why roll-outs of sets don't go on.
    package var rollOutTroubles: [String: Plan.RollOutTrouble] = [:]
    /// The agents of nodes that have several.
    package var agents: [String: NodeAgents] = [:]

    /// The image sets beside `default`, the oldest first.
    package var sets: [ImageSet] = []
    /// Which nodes those are for, where somebody found it before; nil: it is looked for.
    package var knownRoster: Roster?
    /// The same as ``targetNodes``, where somebody found them before; nil: they are looked for.
    package var knownTargets: TargetNodes?
    /// The set that alone is meant; nil: all of them.
    package private(set) var set: String?
    /// How many prefetches aren't counted.
    private(set) var leftOut = 0

    package init(
        configuration: Configuration, revision: Int, cluster: ClusterView, fleet: Fleet, now: Timestamp,
        refusals: [String: AgentRefusal] = [:], knownTargets: TargetNodes? = nil
    ) {
        self.configuration = configuration
        self.revision = revision
        self.cluster = cluster
        self.fleet = fleet
        self.now = now
        self.refusals = refusals
        self.knownTargets = knownTargets
    }

    /// The nodes that are to have images, by name.
    package var targets: [NodeView] { knownTargets?.nodes ?? findTargets().nodes }

    /// The same, where the fleet has them, and which cells they have.
    package var targetNodes: TargetNodes { knownTargets?.found(in: fleet) ?? findTargets() }

    /// The images that sets list, or that the one that is meant does: the columns of the cells.
    package var images: [ImageEntry] { knownTargets?.cells.images ?? SetCells.images(of: listings) }

    /// How many agents stand by.
    package var standbyAgents: Int { agents.values.reduce(0) { $0 + $1.standingBy } }

    /// The names of all sets, `default` first.
    package var setNames: [String] { [ImageSet.defaultName] + sets.map(\.name) }

    private var listings: [SetCells.Listing] { SetCells.listings(configuration, sets) }

    private func findTargets() -> TargetNodes {
        // Names are sorted, not nodes: those have a dozen parts to move each time.
        let all = cluster.nodes.keys.sorted().compactMap { cluster.nodes[$0] }
        guard !sets.isEmpty else {
            let nodes = all.filter(configuration.scheduling.selects)
            return TargetNodes(nodes, SetCells(listings, nodes: nodes.count) { _, _ in true }, in: fleet)
        }
        let roster = knownRoster ?? Roster(cluster, scheduling: configuration.scheduling, sets: sets)
        let further = sets.map { roster.nodes(of: $0.name) }
        let selected = all.map { configuration.scheduling.selects($0) }
        let chosen = all.indices.filter { position in
            selected[position] || further.contains { $0.contains(all[position].name) }
        }
        let cells = SetCells(listings, nodes: chosen.count) { set, node in
            set == 0 ? selected[chosen[node]] : further[set - 1].contains(all[chosen[node]].name)
        }
        return TargetNodes(chosen.map { all[$0] }, cells, in: fleet)
    }

    /// The same as if there were no sets that nothing holds: those are prefetches, which go again.
    package func withoutPrefetches() -> Snapshot {
        guard sets.contains(where: { $0.configuration == nil }) else { return self }
        var copy = self
        copy.knownTargets = targetNodes.heldAlone(in: fleet)
        copy.sets.removeAll { $0.configuration == nil }
        copy.leftOut = sets.count - copy.sets.count
        return copy
    }

    /// The same with those target nodes alone whose labels match, and those cells that a set wants.
    ///
    /// - Parameters:
    ///   - selector: nil: all nodes.
    ///   - set: nil: all sets.
    package func keeping(_ selector: LabelFilter?, set: String? = nil) -> Snapshot {
        guard selector != nil || set != nil else { return self }
        var copy = self
        copy.set = set
        copy.knownTargets = targetNodes.keeping(set: set, in: fleet) { selector?.matches($0.labels) ?? true }
        return copy
    }
}
