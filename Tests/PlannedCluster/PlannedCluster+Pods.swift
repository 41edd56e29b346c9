import ClusterModel
import Planning
import Shared

/// The DaemonSet: a pod on each node, whose containers are the agent and one for each image entry.
extension PlannedCluster {
    /// The image that holds the agent; every node has it from the start.
    static let agentImage = "agent.example/agent:1"

    mutating func preparePod(on node: String) {
        podDue[node] = model.now
        guard let reference = try? ImageReference(Self.agentImage) else { return }
        model.preload(ImageDescriptor(name: "agent", version: "1", size: 1), as: reference, node: node)
    }

    /// Makes the pods that are missing.
    mutating func keepPods() {
        for (node, due) in podDue.sorted(by: { $0.key < $1.key }) where due <= model.now && model.isOnline(node) {
            podDue[node] = nil
            podCount += 1
            let id = "pod\(podCount)"
            let agent = PodSpec.Container(
                name: Configuration.agentContainerName, image: templateAgentImage ?? Self.agentImage,
                policy: .ifNotPresent)
            let sleeps = configuration.images.map {
                PodSpec.Container(name: $0.container, image: $0.reference.normalised, policy: .never)
            }
            var view = PodView(name: id, uid: id, node: node)
            view.template = template
            agentImages[template] = templateAgentImage
            cluster.pods[id] = view
            model.addPod(PodSpec(id: id, containers: [agent] + sleeps), node: node)
            planSoon()
        }
    }

    mutating func replacePod(_ replacement: Plan.PodReplacement) {
        guard cluster.pods.remove(uid: replacement.uid) != nil else { return }
        stopAgent(on: replacement.node)
        model.removePod(replacement.uid, node: replacement.node)
        podDue[replacement.node] = model.now + 1
        planSoon()
    }

    mutating func observePods(_ event: ClusterEvent) {
        guard hasPods else { return }
        switch event.kind {
        case .containerStarted(let pod, let container) where container == Configuration.agentContainerName:
            guard cluster.pods[pod] != nil else { return }
            let image = agentImages[cluster.pods[pod]?.template ?? ""] ?? Self.agentImage
            if brokenAgentImages.contains(image) {
                model.containerExited(
                    node: event.node, pod: pod, container: container, exitCode: 1, reason: "Error", message: "broken")
            } else {
                startAgent(on: event.node)
            }
        case .podChanged(let pod): view(pod, on: event.node)
        default: return
        }
    }

    private mutating func view(_ id: String, on node: String) {
        guard let pod = model.pod(id, node: node), var view = cluster.pods[id] else { return }
        for container in pod.containers {
            view.containers[container.spec.name] = ContainerView(container)
        }
        cluster.pods[id] = view
        planSoon()
    }
}

extension ContainerView {
    /// What a pod's status tells of a modelled container.
    init(_ container: PodModel.Container) {
        self.init()
        isRunning = container.isRunning
        imageID = container.imageID
        if case .waiting(let reason, let message) = container.state {
            waitingReason = reason
            waitingMessage = message
        }
    }
}
