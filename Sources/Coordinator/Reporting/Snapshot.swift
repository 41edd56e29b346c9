import Planning

/// Everything that a report is computed from, at one moment.
struct Snapshot: Sendable {
    var configuration: Configuration
    /// The number of the accepted revision; 0 before the first.
    var revision: Int
    var cluster: ClusterView
    var fleet: Fleet
    var now: Timestamp
    /// Agents that aren't let in, by their node.
    var refusals: [String: AgentRefusal] = [:]

    /// The same as ``targets``, where somebody found them before; nil: they are looked for.
    var knownTargets: TargetNodes?

    /// The nodes that have, or should have, our pod, by name.
    var targets: [NodeView] {
        if let knownTargets { return knownTargets.nodes }
        // Names are sorted, not nodes: those have a dozen parts to move each time.
        return cluster.nodes.keys.sorted().compactMap { cluster.nodes[$0] }.filter(configuration.scheduling.selects)
    }

    /// The same, and where the fleet has them.
    var targetNodes: TargetNodes { knownTargets?.found(in: fleet) ?? TargetNodes(targets, in: fleet) }
}
