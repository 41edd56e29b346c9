import Cluster
import ImageSets
import Planning
import Shared

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
    /// Why nodes have no pod of ours, in the API server's words; nil: nobody says.
    package var whyNoPod: String?

    /// The same as ``targets``, where somebody found them before; nil: they are looked for.
    package var knownTargets: TargetNodes?

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

    /// The nodes that have, or should have, our pod, by name.
    package var targets: [NodeView] {
        if let knownTargets { return knownTargets.nodes }
        // Names are sorted, not nodes: those have a dozen parts to move each time.
        return cluster.nodes.keys.sorted().compactMap { cluster.nodes[$0] }.filter(configuration.scheduling.selects)
    }

    /// The same with those target nodes alone whose labels match.
    func keeping(_ selector: LabelFilter) -> Snapshot {
        var copy = self
        copy.knownTargets = TargetNodes(targets.filter { selector.matches($0.labels) }, in: fleet)
        return copy
    }

    /// The same, and where the fleet has them.
    package var targetNodes: TargetNodes { knownTargets?.found(in: fleet) ?? TargetNodes(targets, in: fleet) }
}
