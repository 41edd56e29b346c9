import Cluster

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

extension PodView {
    /// What the pod's status tells of an image: all that there is in restricted mode, in which kubelets pull.
    ///
    /// Nothing is concluded from what isn't said: a container without a status is unknown.
    public func presence(of container: String) -> (state: CellState, reason: FailureReason?, message: String) {
        guard let container = containers[container] else { return (.unknown, nil, "") }
        if container.isRunning { return (.held, nil, "") }
        // An image id proves that the image was there, even when its container failed.
        if !container.imageID.isEmpty { return (.present, nil, "") }
        let message = container.waitingMessage ?? ""
        switch container.waitingReason {
        case "ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "ImageInspectError":
            return (.failed, FailureClassifier.reason(message: message), message)
        case "InvalidImageName": return (.failed, .invalidReference, message)
        case "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "CrashLoopBackOff",
            "OOMKilled":
            // Containers are made after their image has come.
            return (.present, nil, message)
        // Among them ErrImageNeverPull, a pod's of the time before: simply not there yet.
        default: return (.missing, nil, message)
        }
    }
}
