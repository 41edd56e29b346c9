import Cluster
import ImageSets
import Planning
import Shared

/// Restricted mode: when a failed pull is tried again. Only a new pod gets a kubelet out of its back-off (measured: no
/// annotation does, nor the image's arrival), so the node's pod is replaced.
///
/// That unholds the node's other images for as long as a pod takes to start, so it is done rarely: one pod's failures
/// are judged together, each replacement that didn't help doubles the pause before the next, and of all nodes only so
/// many a minute are touched.
public struct RestrictedRetries: Sendable {
    /// Seconds that a pod gets at least. Kubelets try at 0 and 16 s by themselves; after that they wait longer.
    public static let patience = 20.0

    private struct Node: Sendable {
        /// The pod that fails now; nil between two pods.
        var pod: String?
        /// Pods in a row that failed.
        var failures = 0
        /// The failing pod is replaced then.
        var due: Timestamp
    }

    private var nodes: [String: Node] = [:]
    /// The replacements of the last minute.
    private var recent: [Timestamp] = []

    public init() {}

    /// As many pods are replaced in a minute, and at once: as many as a roll replaces at once.
    public static func perMinute(_ configuration: Configuration, nodes: Int) -> Int {
        configuration.rollLimit(nodes: nodes)
    }

    /// Adds to a plan the replacements of an image set's pods that are due and have room in it. Does nothing outside of
    /// restricted mode.
    public mutating func add(
        to plan: inout Plan, of set: String = ImageSet.defaultName, configuration: Configuration, cluster: ClusterView,
        template: String?, now: Timestamp,
        using random: inout some RandomNumberGenerator
    ) {
        guard configuration.runtimeSocket == .none, cluster.isSynced else { return nodes = [:] }
        recent.removeAll { $0 + 60 <= now }
        let targets = cluster.nodes.values.filter { configuration.scheduling.selects($0) && $0.isReady }
            .sorted { $0.name < $1.name }
        let names = Set(targets.map(\.name))
        nodes = nodes.filter { names.contains($0.key) }
        let limit = Self.perMinute(configuration, nodes: targets.count)
        var room = min(limit - recent.count, plan.room(of: set))
        for node in targets {
            guard let pod = cluster.pods.living(on: node.name, of: set).first(where: { $0.template == template }) else {
                continue
            }
            judge(pod, configuration, now: now, using: &random)
            guard let state = nodes[node.name], state.pod == pod.uid, !node.hasDiskPressure else { continue }
            if state.due > now {
                plan.lookAgain(at: state.due)
            } else if room > 0 {
                room -= 1
                recent.append(now)
                plan.replace(pod)
                // Its successor is judged anew.
                nodes[node.name]?.pod = nil
            } else if let first = recent.first {
                plan.lookAgain(at: first + 60.001)
            }
        }
    }

    /// Notes whether a pod has failed pulls, and since when.
    private mutating func judge(
        _ pod: PodView, _ configuration: Configuration, now: Timestamp, using random: inout some RandomNumberGenerator
    ) {
        let presences = configuration.images.map { pod.presence(of: $0.container) }
        let reasons = presences.filter { $0.state == .failed }.map { $0.reason ?? .unknown }
        guard !reasons.isEmpty else {
            // All is there: what failed before is forgotten. Where something isn't told yet, nothing is concluded.
            if presences.allSatisfy(\.state.isPresent) { nodes[pod.node] = nil }
            return
        }
        let known = nodes[pod.node]
        if known?.pod == pod.uid { return }
        let failures = (known?.failures ?? 0) + 1
        // One image that may come any moment is enough to try.
        let reason = reasons.first { !$0.isPermanent } ?? reasons[0]
        let delay = configuration.retry.delay(afterFailures: failures, reason: reason, using: &random)
        nodes[pod.node] = Node(pod: pod.uid, failures: failures, due: now + max(Self.patience, delay))
    }
}
