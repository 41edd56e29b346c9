import Cluster
import Planning

/// Where a container of ours is to hold an image.
public struct HoldingPlace: Sendable, Hashable {
    /// Whose pods have it.
    public var set: String
    public var container: String

    public init(set: String, container: String) {
        (self.set, self.container) = (set, container)
    }
}

extension Sequence<PodView> {
    /// What the pods of one node tell of an image that is to be held in some places: of several what says most, since one pod
    /// has what another one's kubelet pulled. Nil: none has such a container.
    public func presence(
        of places: [HoldingPlace]
    ) -> (state: CellState, reason: FailureReason?, message: String)? {
        var best: (state: CellState, reason: FailureReason?, message: String)?
        for place in places {
            for pod in self where pod.set == place.set && pod.containers[place.container] != nil {
                let found = pod.presence(of: place.container)
                if best.map({ found.state.rawValue > $0.state.rawValue }) ?? true { best = found }
            }
        }
        return best
    }
}
