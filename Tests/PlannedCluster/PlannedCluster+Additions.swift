import Cluster
import ClusterModel
import ImageSets
import Planning

/// Containers that are added to pods while they run.
extension PlannedCluster {
    /// All of a pod template but which images are held. Nil: the API server takes no containers for running pods.
    func frame(_ configuration: Configuration, of set: String) -> String? {
        guard addsContainers, configuration.runtimeSocket != .none else { return nil }
        var frame = configuration
        frame.images = []
        return "frame " + hash(frame, agentImage: agentImage(of: set))
    }

    mutating func carryOutAdditions(_ plan: Plan) {
        for adoption in plan.adoptions {
            guard let former = cluster.pods[adoption.uid]?.template else { continue }
            agentImages[adoption.template] = agentImages[former]
            cluster.pods[adoption.uid]?.template = adoption.template
            planSoon()
        }
        for wake in plan.wakes where !wake.additions.isEmpty {
            if deletionFailure > 0, random.unit() < deletionFailure { continue }
            cluster.pods[wake.uid]?.images.merge(wake.additions) { former, _ in former }
        }
    }

    /// Kubelets that are away learn of them when they are back.
    mutating func extendPods() {
        for pod in cluster.pods.values where pod.frame != nil && pod.images.count > pod.containers.count {
            let added = pod.images.filter { pod.containers[$0.key] == nil }.sorted { $0.key < $1.key }
            model.extendPod(
                pod.uid, by: added.map { PodSpec.Container(name: $0.key, image: $0.value, policy: .never) },
                node: pod.node)
        }
    }
}
