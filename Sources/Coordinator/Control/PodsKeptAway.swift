import Cluster
import ConfigurationParsing
import Formatting
import ImageSets
import Planning

/// Target nodes that our pod is kept away from, with the platform's own words: a value without I/O.
struct PodsKeptAway: Sendable, Equatable {
    /// Seconds that a pod may wait for the scheduler, which takes milliseconds.
    static let schedulingPatience = 10.0

    /// The ready target nodes.
    private(set) var targets: Int
    /// Nodes whose pod the scheduler doesn't place, in order, and its words for the first of them.
    private(set) var unplaced: [String]
    private(set) var schedulerWords = ""
    /// Nodes for which no pod can be made, in order, and why.
    private(set) var bare: [String]
    private(set) var creationWords = ""

    /// - Parameter whyNone: why pods can't be made; nil: nobody says that they can't.
    /// - Returns: nil when no node's pod is kept away.
    init?(
        _ cluster: ClusterView, _ configuration: Configuration, of set: String = ImageSet.defaultName,
        whyNone: String?, now: Timestamp
    ) {
        let ready = Set(
            cluster.nodes.values.lazy.filter { $0.isReady && configuration.scheduling.selects($0) }.map(\.name))
        targets = ready.count
        let waiting = cluster.unscheduled.values.filter { pod in
            let isLong = pod.createdAt.map { $0 + Self.schedulingPatience <= now } ?? false
            return pod.set == set && isLong && !pod.isTerminating && ready.contains(pod.node)
        }.sorted { $0.node < $1.node }
        unplaced = waiting.map(\.node)
        schedulerWords = waiting.lazy.map(\.message).first { !$0.isEmpty } ?? "nothing yet"
        bare = []
        if let whyNone {
            bare = Self.bare(cluster, configuration, of: set)
            creationWords = whyNone
        }
        guard !unplaced.isEmpty || !bare.isEmpty else { return nil }
    }

    /// The ready target nodes without any pod of ours, in order.
    static func bare(
        _ cluster: ClusterView, _ configuration: Configuration, of set: String = ImageSet.defaultName
    ) -> [String] {
        let waiting = Set(cluster.unscheduled.values.lazy.filter { $0.set == set }.map(\.node))
        return cluster.nodes.values.filter { node in
            node.isReady && !waiting.contains(node.name) && !cluster.pods.on(node.name).contains { $0.set == set }
                && configuration.scheduling.selects(node)
        }.map(\.name).sorted()
    }

    func finding(daemonSet: String, namespace: String) -> Finding {
        var parts: [String] = []
        if !unplaced.isEmpty {
            parts.append("the scheduler doesn't place that of \(abridged(unplaced)): \(schedulerWords)")
        }
        if !bare.isEmpty { parts.append("none can be made for \(abridged(bare)): \(creationWords)") }
        let (count, all) = (unplaced.count + bare.count, counted(targets, "target node"))
        return Finding(
            severity: .warning, key: "DaemonSet/\(daemonSet)",
            message: "\(count) of \(all) \(count == 1 ? "has" : "have") no running pod, so nothing is cached there. "
                + parts.joined(separator: "; "),
            nextStep: bare.isEmpty
                ? "make room on these nodes, or lower what CACHING_MEMORY_REQUEST, CACHING_CPU_REQUEST and the number of images ask"
                : "let pods of namespace \(namespace) in (ResourceQuota, LimitRange, Pod Security or an admission policy, as the "
                    + "words say); the DaemonSet controller tries again by itself, within 17 minutes")
    }
}
