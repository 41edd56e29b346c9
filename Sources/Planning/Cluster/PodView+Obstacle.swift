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
