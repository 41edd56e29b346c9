import Cluster
import ClusterModel
import Planning
import Shared

/// Pods by which kubelets pull, with credentials that only they have.
extension PlannedCluster {
    package mutating func giveKubeletCredential(_ credential: Credential?, node: String) {
        for host in model.registryHosts { model.setKubeletCredential(credential, registry: host, node: node) }
    }

    mutating func carryOutPullPods(_ plan: Plan) {
        for pod in plan.pullPods {
            let id = "pull\(pod.order)"
            cluster.pullPods[id] = PullPodView(name: id, uid: id, node: pod.node, order: pod.order)
            let container = PodSpec.Container(
                name: PullPodView.containerName, image: pod.reference.normalised,
                policy: pod.isRefresh ? .always : .ifNotPresent)
            model.addPod(PodSpec(id: id, containers: [container]), node: pod.node)
        }
        for removal in plan.pullPodRemovals {
            model.removePod(removal.uid, node: removal.node)
            cluster.pullPods[removal.uid] = nil
            _ = fleet.pullPodGone(order: removal.order, message: "deleted", at: now, using: &random)
            planSoon()
        }
    }

    mutating func observePullPods(_ event: ClusterEvent) {
        guard case .podChanged(let id) = event.kind, var view = cluster.pullPods[id],
            let container = model.pod(id, node: event.node)?.containers.first
        else { return }
        view.container = ContainerView(container)
        cluster.pullPods[id] = view
        _ = fleet.observe(view, at: now, using: &random)
        planSoon()
    }
}
