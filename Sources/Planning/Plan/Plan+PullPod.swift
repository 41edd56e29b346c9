import Cluster
import ImageSets
import Shared

extension Plan {
    /// A pod to make, so that a node's kubelet pulls an image with its own credentials.
    public struct PullPod: Sendable, Equatable {
        public var node: String
        public var order: UInt64
        public var reference: ImageReference
        /// The image is there; the question is whether its tag means another by now.
        public var isRefresh: Bool

        public init(node: String, order: UInt64, reference: ImageReference, isRefresh: Bool) {
            (self.node, self.order, self.reference, self.isRefresh) = (node, order, reference, isRefresh)
        }
    }

    /// A pod of that kind that nobody needs any more.
    public struct PullPodRemoval: Sendable, Equatable {
        public var set = ImageSet.defaultName
        public var pod: String
        public var uid: String
        public var node: String
        public var order: UInt64
    }
}

extension Planner {
    /// Each order to a kubelet has a pod until that has shown its result; all others go, those of an earlier run too.
    func planPullPods(_ plan: inout Plan) {
        var needed: Set<UInt64> = []
        for (node, order) in fleet.orders where order.puller == .kubelet && order.endedAt == nil {
            needed.insert(order.id)
            guard !order.hasPod else { continue }
            plan.pullPods.append(
                Plan.PullPod(node: node, order: order.id, reference: order.reference, isRefresh: order.isRefresh))
        }
        for pod in cluster.pullPods.values.sorted(by: { $0.name < $1.name })
        where !pod.isTerminating && !needed.contains(pod.order) {
            plan.pullPodRemovals.append(
                Plan.PullPodRemoval(set: pod.set, pod: pod.name, uid: pod.uid, node: pod.node, order: pod.order))
        }
    }
}
