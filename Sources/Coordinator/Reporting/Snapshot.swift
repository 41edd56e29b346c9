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

    /// The nodes that have, or should have, our pod.
    var targets: [NodeView] {
        cluster.nodes.values.filter(configuration.scheduling.selects).sorted { $0.name < $1.name }
    }
}
