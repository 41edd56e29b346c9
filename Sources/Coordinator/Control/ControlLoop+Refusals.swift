import Cluster
import History
import Planning
import Reporting

extension ControlLoop {
    /// Notes that somebody who says to be the agent of a pod was refused.
    ///
    /// The word of a refused token proves nothing, so nothing is planned with this: it only tells people why a node is
    /// silent. Pods that aren't ours are ignored, so there's at most one for each node.
    package func note(_ refusal: AccessRefusal, pod uid: String) {
        guard let pod = cluster.pods[uid] else { return }
        let now = clock.now
        let known = refusals[pod.node].flatMap { $0.pod == pod.name && $0.refusal == refusal ? $0.since : nil }
        refusals[pod.node] = AgentRefusal(pod: pod.name, refusal: refusal, since: known ?? now, last: now)
    }

    /// A pod of the DaemonSet that is followed.
    package func pod(uid: String) -> PodView? { cluster.pods[uid] }
}
