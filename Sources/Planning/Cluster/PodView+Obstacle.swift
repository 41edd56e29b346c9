import Cluster

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

    /// Whether the pod works, and of what its predecessor held nothing is still on its way.
    func isBack(holding held: Set<String>, under configuration: Configuration) -> Bool {
        guard isWorking(under: configuration) else { return false }
        let isOnItsWay = configuration.images.contains { entry in
            held.contains(entry.container)
                && containers[entry.container].map { !$0.isRunning && $0.trouble == nil } ?? true
        }
        guard !isOnItsWay, !held.isEmpty, self.held.isEmpty else { return !isOnItsWay }
        // Nothing runs. An agent pulls what is absent; else containers can't be made as the template has them.
        return configuration.images.isEmpty
            || configuration.runtimeSocket != .none && refused == nil
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
