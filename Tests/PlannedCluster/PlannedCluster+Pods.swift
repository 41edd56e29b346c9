import Cluster
import ClusterModel
import ImageSets
import Planning
import Shared

/// The DaemonSet: a pod on each node, whose containers are the agent and one for each image entry.
extension PlannedCluster {
    /// The image that holds the agent; every node has it from the start.
    static let agentImage = "agent.example/agent:1"
    /// A memory limit with which no container starts.
    package static let tooLittle = "4Ki"

    mutating func preparePod(on node: String) {
        podDue[node] = model.now
        guard let reference = try? ImageReference(Self.agentImage) else { return }
        model.preload(ImageDescriptor(name: "agent", version: "1", size: 1), as: reference, node: node)
    }

    /// Makes the pods that are missing, as the DaemonSet's controller does, and finds room for them, as the scheduler does.
    mutating func keepPods() {
        for pod in cluster.unscheduled.values.sorted(by: { $0.uid < $1.uid }) where hasRoom(for: pod) {
            cluster.unscheduled[pod.uid] = nil
            start(pod)
        }
        for (name, node) in cluster.nodes.sorted(by: { $0.key < $1.key }) {
            let pods = pods(of: ImageSet.defaultName, on: name)
            if !configuration.scheduling.selects(node) {
                podDue[name] = nil
                for pod in pods { delete(pod) }
            } else if pods.isEmpty, podDue[name] == nil {
                podDue[name] = model.now
            }
        }
        for (node, due) in podDue.sorted(by: { $0.key < $1.key }) where due <= model.now && model.isOnline(node) {
            guard !forbidsPods else { continue }
            podDue[node] = nil
            make(PodPlace(set: ImageSet.defaultName, node: node), template, templateConfiguration)
        }
        keepSetPods()
    }

    mutating func make(_ place: PodPlace, _ template: String, _ configuration: Configuration) {
        podCount += 1
        let id = "pod\(podCount)"
        var view = PodView(name: id, uid: id, node: place.node)
        view.set = place.set
        view.template = template
        view.frame = frame(configuration, of: place.set)
        if view.frame != nil {
            view.images = Dictionary(
                uniqueKeysWithValues: configuration.images.map { ($0.container, $0.reference.normalised) })
            view.images[Configuration.agentContainerName] = agentImage(of: place.set) ?? Self.agentImage
        }
        view.createdAt = now
        agentImages[template] = agentImage(of: place.set)
        podConfigurations[id] = configuration
        if hasRoom(for: view) {
            start(view)
        } else {
            (view.reason, view.message) = ("Unschedulable", "Insufficient memory")
            cluster.unscheduled[id] = view
        }
        planSoon()
    }

    private func hasRoom(for pod: PodView) -> Bool {
        guard let text = cluster.nodes[pod.node]?.allocatableMemory, let total = try? Quantity(text) else {
            return true
        }
        let pods = [pod] + cluster.pods.living(on: pod.node)
        return pods.reduce(others[pod.node, default: .zero]) { sum, pod in
            sum + (podConfigurations[pod.uid].map { successor(for: $0, of: pod.set).memory } ?? .zero)
        } <= total
    }

    /// Those that the scheduler has no place for, too.
    func pods(of set: String, on node: String) -> [PodView] {
        cluster.pods.living(on: node, of: set)
            + cluster.unscheduled.values.filter { $0.set == set && $0.node == node }
    }

    private mutating func start(_ pod: PodView) {
        cluster.pods[pod.uid] = pod
        // Its network, say, is broken: the pod stays as it is.
        guard !stuckNodes.contains(pod.node), let configuration = podConfigurations[pod.uid] else { return }
        let isRestricted = configuration.runtimeSocket == .none
        let agent = PodSpec.Container(
            name: Configuration.agentContainerName, image: agentImages[pod.template ?? ""] ?? Self.agentImage,
            policy: .ifNotPresent)
        let sleeps = configuration.images.map {
            PodSpec.Container(
                name: $0.container, image: $0.reference.normalised, policy: isRestricted ? .ifNotPresent : .never)
        }
        model.addPod(PodSpec(id: pod.uid, containers: (isRestricted ? [] : [agent]) + sleeps), node: pod.node)
        planSoon()
    }

    mutating func replacePod(_ replacement: Plan.PodReplacement) {
        if deletionFailure > 0, random.unit() < deletionFailure {
            fleet.replacementFailed(replacement)
            return planSoon()
        }
        cluster.unscheduled[replacement.uid] = nil
        cluster.pods.remove(uid: replacement.uid)
        podConfigurations[replacement.uid] = nil
        forgetAgent(replacement.uid, on: replacement.node)
        if workers[replacement.node] == replacement.uid { handOver(replacement.node) }
        model.removePod(replacement.uid, node: replacement.node)
        if replacement.set == ImageSet.defaultName {
            podDue[replacement.node] = model.now + 1
        } else {
            setDue[PodPlace(set: replacement.set, node: replacement.node)] = model.now + 1
        }
        planSoon()
    }

    mutating func observePods(_ event: ClusterEvent) {
        guard hasPods else { return }
        switch event.kind {
        case .containerStarted(let pod, let container) where container == Configuration.agentContainerName:
            guard let view = cluster.pods[pod] else { return }
            let image = agentImages[view.template ?? ""] ?? Self.agentImage
            if brokenAgentImages.contains(image) {
                model.containerExited(
                    node: event.node, pod: pod, container: container, exitCode: 1, reason: "Error", message: "broken")
            } else if standsBy(pod, on: event.node) {
                standbyReports[pod] = model.now
            } else {
                work(view, on: event.node)
            }
        case .containerStarted(let pod, let container)
        where podConfigurations[pod]?.sleepResources.memoryLimit == Self.tooLittle:
            model.containerExited(
                node: event.node, pod: pod, container: container, exitCode: 128, reason: "StartError",
                message: "container init was OOM-killed (memory limit too low?)")
        case .podChanged(let pod): view(pod, on: event.node)
        default: return
        }
    }

    private mutating func view(_ id: String, on node: String) {
        guard let pod = model.pod(id, node: node), var view = cluster.pods[id] else { return }
        for container in pod.containers {
            view.containers[container.spec.name] = ContainerView(container)
            // As the coordinator reads it.
            if container.isEphemeral, case .terminated = container.state { (view.template, view.frame) = (nil, nil) }
        }
        cluster.pods[id] = view
        planSoon()
    }
}

extension PlannedCluster {
    /// What is known of pods of the present template before there is one.
    var successor: Successor { successor(for: templateConfiguration, of: ImageSet.defaultName) }

    func successor(for configuration: Configuration, of set: String) -> Successor {
        guard let each = try? Quantity(configuration.sleepResources.memoryRequest) else { return Successor() }
        return Successor(
            refusal: forbidsPods && tellsRefusals ? "violates PodSecurity" : nil,
            memory: each * configuration.images.count, frame: frame(configuration, of: set),
            containers: Set(configuration.images.map(\.container)).union(
                configuration.runtimeSocket == .none ? [] : [Configuration.agentContainerName]))
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
