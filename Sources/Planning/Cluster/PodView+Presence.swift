import Cluster

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
