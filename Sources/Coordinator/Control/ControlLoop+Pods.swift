import Cluster
import History
import ImageSets
import Planning

extension ControlLoop {
    /// From now on the pods of this DaemonSet count, for an image set.
    func follow(_ source: PodSource, for set: String = ImageSet.defaultName) {
        guard followedPods.follow(source, for: set, in: &cluster) else { return }
        daemonSets[set]?.template = nil
        notePods()
        // Their agents aren't ours any more.
        reports.closeAll()
        forgetPullPods(of: set)
        signal.yield()
    }

    /// All pods of a DaemonSet, after a list.
    func replacePods(_ pods: [PodView], unscheduled: [PodView] = [], of source: PodSource) {
        let former = cluster.pods
        guard followedPods.replace(pods, unscheduled: unscheduled, of: source, in: &cluster) else { return }
        if let set = followedPods.set(of: source) { noteNames(in: cluster.pods.of(set), of: set) }
        reports.closeAll()
        for pod in former.values where cluster.pods[pod.uid] == nil {
            reviewAgents(afterChangeOf: pod, isGone: true)
            release(after: pod)
        }
        synced()
    }

    func update(_ pod: PodView, of source: PodSource) {
        guard followedPods.update(pod, of: source, in: &cluster) else { return }
        if let set = followedPods.set(of: source) { noteNames(in: CollectionOfOne(pod), of: set) }
        notePods(of: [pod.node])
        if pod.isTerminating { reviewAgents(afterChangeOf: pod, isGone: false) }
        signal.yield()
    }

    /// Reports tell why the pod waits, and one of an older template is replaced.
    func updateUnscheduled(_ pod: PodView, of source: PodSource) {
        guard followedPods.updateUnscheduled(pod, of: source, in: &cluster) else { return }
        signal.yield()
    }

    func removePod(uid: String) {
        guard let pod = followedPods.remove(uid: uid, from: &cluster) else { return }
        reviewAgents(afterChangeOf: pod, isGone: true)
        release(after: pod)
        notePods(of: [pod.node])
        signal.yield()
    }

    /// With a pod that has gone its containers have. Where another set's pod is on the node, its agent tells what is left.
    private func release(after pod: PodView) {
        guard !isRestricted, cluster.pods.on(pod.node).isEmpty else { return }
        tell(fleet.release(node: pod.node, at: clock.now))
    }
}
