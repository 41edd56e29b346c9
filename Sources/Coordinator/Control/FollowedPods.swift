import Cluster

/// Which DaemonSet's pods a ``ClusterView`` has, and how news of them changes it. News of another one's changes nothing.
package struct FollowedPods: Sendable {
    package private(set) var source: PodSource?
    /// DaemonSets of ours that were followed before: their pods stay until the present one's hold what those hold.
    package private(set) var former: Set<PodSource> = []
    /// Whether pods have been listed whole, of this DaemonSet or a former one.
    package private(set) var isSynced = false
    /// The pod that changed last.
    private var last: PodView?

    /// Pods of a former DaemonSet are forgotten: they must not be measured by this one's template.
    ///
    /// - Returns: whether it is another one.
    mutating func follow(_ source: PodSource, in cluster: inout ClusterView) -> Bool {
        guard self.source != source else { return false }
        if let former = self.source { self.former.insert(former) }
        former.remove(source)
        self.source = source
        last = nil
        cluster.pods = PodTable()
        cluster.unscheduled = [:]
        return true
    }

    /// All pods, after a list.
    mutating func replace(
        _ pods: [PodView], unscheduled: [PodView], of source: PodSource, in cluster: inout ClusterView
    ) -> Bool {
        guard source == self.source else { return false }
        cluster.unscheduled = Dictionary(unscheduled.map { ($0.uid, $0) }, uniquingKeysWith: { _, last in last })
        cluster.pods = PodTable(pods)
        isSynced = true
        return true
    }

    mutating func update(_ pod: PodView, of source: PodSource, in cluster: inout ClusterView) -> Bool {
        guard source == self.source, cluster.pods[pod.uid] != pod else { return false }
        var pod = pod
        // Most pods become alike sooner or later.
        if let last { pod.share(with: last) }
        last = pod
        cluster.unscheduled[pod.uid] = nil
        cluster.pods[pod.uid] = pod
        return true
    }

    /// A pod that waits for the scheduler.
    func updateUnscheduled(_ pod: PodView, of source: PodSource, in cluster: inout ClusterView) -> Bool {
        guard source == self.source else { return false }
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
