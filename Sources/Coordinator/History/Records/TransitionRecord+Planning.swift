import Cluster
import Planning

extension TransitionRecord {
    package init(_ transition: Transition) {
        self.init(
            node: transition.node, image: transition.reference, to: transition.to.map(RecordedState.init) ?? .none,
            reason: transition.reason.map(RecordedReason.init) ?? .none, digest: transition.imageID,
            at: transition.at.milliseconds)
    }
}
