import Cluster
import ImageSets

extension PodView {
    /// Why the pod doesn't do its work though it has been given time to start: what the kubelet says of the container
    /// that copies `sleep`, or of the agent's. Nil: it works, or is on its way.
    public func obstacle(under configuration: Configuration) -> String? {
        if let initContainer, let trouble = initContainer.trouble {
            return "\(Configuration.copySleepContainerName): \(trouble)"
        }
        guard configuration.runtimeSocket != .none else { return nil }
        return containers[Configuration.agentContainerName]?.trouble
    }

    /// Whether the pod does its work: its agent runs, or, in restricted mode, its containers are being started.
    public func isWorking(under configuration: Configuration) -> Bool {
        if configuration.runtimeSocket == .none { return !containers.isEmpty && initContainer == nil }
        return containers[Configuration.agentContainerName]?.isRunning ?? false
    }

    /// The containers of images that run.
    var held: Set<String> {
        Set(containers.lazy.filter { $0.value.isRunning && $0.key != Configuration.agentContainerName }.map(\.key))
    }

    /// Whether the pod works, and runs again what its predecessor held. A container that waits for an image isn't expected
    /// to: the image has gone, or the list names another one.
    ///
    /// - Parameter held: empty, too, when nobody knows: an earlier run deleted the predecessor.
    func isBack(holding held: Set<String>, under configuration: Configuration) -> Bool {
        guard isWorking(under: configuration) else { return false }
        let isExpected = configuration.images.contains { entry in
            guard held.contains(entry.container) else { return false }
            guard let container = containers[entry.container] else { return true }
            return !container.isRunning
                && (container.trouble == nil || presence(of: entry.container).state == .present)
        }
        guard !isExpected, self.held.isEmpty else { return !isExpected }
        // Nothing runs. An agent pulls what is absent; else containers can't be made as the template has them.
        return configuration.images.isEmpty
            || (held.isEmpty || configuration.runtimeSocket != .none) && refused == nil
    }

    /// What the kubelet says of a container whose image is there and that doesn't run.
    var refused: String? {
        containers.sorted { $0.key < $1.key }.lazy.filter {
            $0.key != Configuration.agentContainerName && self.presence(of: $0.key).state == .present
        }.map { "\($0.key): \($0.value.trouble ?? "")" }.first
    }
}

extension ContainerView {
    /// The kubelet's reason and words when the container waits for more than its turn.
    public var trouble: String? {
        guard !isRunning, let waitingReason, !["ContainerCreating", "PodInitializing"].contains(waitingReason) else {
            return nil
        }
        return waitingReason + (waitingMessage.map { ": \($0)" } ?? "")
    }
}
