import Cluster
import ImageSets
import Planning

/// Of which DaemonSets a ``ClusterView`` has the pods, and how news of them changes it. News of another one's changes nothing.
package struct FollowedPods: Sendable {
    /// By image set.
    package private(set) var sources: [String: PodSource] = [:]
    /// Image sets whose pods have been listed whole, of the present DaemonSet or a former one.
    private(set) var listed: Set<String> = []
    /// DaemonSets of ours that were followed before: their pods stay until the present ones' hold what those hold.
    package private(set) var former: Set<PodSource> = []
    /// The pod that changed last.
    private var last: PodView?

    /// The DaemonSet of `default`.
    package var source: PodSource? { sources[ImageSet.defaultName] }
    /// Where our DaemonSets are, those that were followed before included.
    package var namespaces: Set<String> { Set(sources.values.map(\.namespace)).union(former.map(\.namespace)) }
    /// Whether the pods of `default` have been listed whole.
    package var isSynced: Bool { listed.contains(ImageSet.defaultName) }

    /// Pods of a set's former DaemonSet are forgotten: they must not be measured by this one's template.
    ///
    /// - Returns: whether it is another one.
    mutating func follow(_ source: PodSource, for set: String, in cluster: inout ClusterView) -> Bool {
        guard sources[set] != source else { return false }
        if let former = sources[set] { self.former.insert(former) }
        former.remove(source)
        clear(set, in: &cluster)
        sources[set] = source
        return true
    }

    /// A set is gone, and its pods are nobody's.
    mutating func forget(_ set: String, in cluster: inout ClusterView) {
        clear(set, in: &cluster)
        sources[set] = nil
        listed.remove(set)
    }

    private mutating func clear(_ set: String, in cluster: inout ClusterView) {
        last = nil
        cluster.pods.removeAll(of: set)
        cluster.unscheduled = cluster.unscheduled.filter { $0.value.set != set }
    }

    /// The set whose DaemonSet that is.
    func set(of source: PodSource) -> String? { sources.first { $0.value == source }?.key }

    /// All pods, after a list.
    mutating func replace(
        _ pods: [PodView], unscheduled: [PodView], of source: PodSource, in cluster: inout ClusterView
    ) -> Bool {
        guard let set = set(of: source) else { return false }
        clear(set, in: &cluster)
        for var pod in unscheduled {
            pod.set = set
            cluster.unscheduled[pod.uid] = pod
        }
        for var pod in pods {
            pod.set = set
            cluster.pods[pod.uid] = pod
        }
        listed.insert(set)
        return true
    }

    mutating func update(_ pod: PodView, of source: PodSource, in cluster: inout ClusterView) -> Bool {
        guard let set = set(of: source) else { return false }
        var pod = pod
        pod.set = set
        guard cluster.pods[pod.uid] != pod else { return false }
        // Most pods become alike sooner or later.
        if let last { pod.share(with: last) }
        last = pod
        cluster.unscheduled[pod.uid] = nil
        cluster.pods[pod.uid] = pod
        return true
    }

    /// A pod that waits for the scheduler.
    func updateUnscheduled(_ pod: PodView, of source: PodSource, in cluster: inout ClusterView) -> Bool {
        guard let set = set(of: source) else { return false }
        var pod = pod
        pod.set = set
        cluster.unscheduled[pod.uid] = pod
        return true
    }

    /// - Returns: the pod, when it had a node.
    func remove(uid: String, from cluster: inout ClusterView) -> PodView? {
        cluster.unscheduled[uid] = nil
        return cluster.pods.remove(uid: uid)
    }
}

/// Which DaemonSet's pods are followed.
package struct PodSource: Hashable, Sendable {
    package var namespace: String
    var daemonSet: String
}
