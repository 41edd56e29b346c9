import Cluster
import ConfigurationParsing
import KubernetesClient
import Manifests
import Planning

extension ClusterWatcher {
    /// Follows the pods by which kubelets pull, until cancelled.
    func followPullPods(of source: PodSource) async {
        let selection = Selection(
            namespace: source.namespace, labelSelector: PullPodManifest.selector(daemonSet: source.daemonSet))
        for await event in Reflector(Pod.self, client: client, selection: selection, onTrouble: trouble("pull pods")) {
            switch event {
            case .synced(let pods): await loop.replacePullPods(pods.compactMap(PullPodView.init), of: source)
            case .added(let pod), .modified(let pod):
                if let view = PullPodView(pod) { await loop.update(view, of: source) }
            case .deleted(let pod): await loop.removePullPod(uid: pod.metadata.uid ?? "")
            }
        }
    }
}

extension PullPodView {
    /// Nil for a pod that isn't of this kind.
    init?(_ pod: Pod) {
        guard let view = PodView(pod),
            let order = pod.metadata.labels[PullPodManifest.orderLabel].flatMap({ UInt64($0) })
        else { return nil }
        self.init(name: view.name, uid: view.uid, node: view.node, order: order)
        isTerminating = view.isTerminating
        hasEnded = ["Failed", "Succeeded"].contains(pod.status?.phase)
        container = view.containers[PullPodView.containerName]
        reason = view.reason
        message = view.message
    }
}
