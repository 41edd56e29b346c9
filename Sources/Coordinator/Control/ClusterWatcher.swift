import Cluster
import ConfigurationParsing
import ImageSets
import KubernetesClient
import Logging
import Manifests
import Planning
import Reporting
import Shared

/// Keeps the control loop's view of nodes and pods true, by watches.
package struct ClusterWatcher: Sendable {
    package let client: KubernetesClient
    package let loop: ControlLoop
    package let logger: Logger

    package init(client: KubernetesClient, loop: ControlLoop, logger: Logger) {
        self.client = client
        self.loop = loop
        self.logger = logger
    }

    /// There are thousands of them.
    private static var options: ReflectorOptions {
        var options = ReflectorOptions()
        options.streamsLists = true
        return options
    }

    /// Follows all nodes until cancelled.
    package func followNodes() async {
        let nodes = Reflector(Node.self, client: client, options: Self.options, onTrouble: trouble("nodes"))
        for await event in nodes {
            switch event {
            case .synced(let nodes): await loop.replaceNodes(nodes.map(NodeView.init))
            case .added(let node), .modified(let node): await loop.update(NodeView(node))
            case .deleted(let node): await loop.removeNode(node.metadata.name)
            }
        }
    }

    /// Follows the pods of a DaemonSet until cancelled.
    func followPods(of source: PodSource) async {
        let selector = PodNames.labels(daemonSet: source.daemonSet).sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        let selection = Selection(namespace: source.namespace, labelSelector: selector)
        let pods = Reflector(
            ListedPod.self, client: client, selection: selection, options: Self.options, onTrouble: trouble("pods"))
        for await event in pods {
            switch event {
            case .synced(let pods):
                let ours = pods.filter { $0.metadata.isOf(source) }
                await loop.replacePods(
                    ours.compactMap(\.view), unscheduled: ours.compactMap(\.unscheduled), of: source)
            case .added(let pod), .modified(let pod):
                guard pod.metadata.isOf(source) else { continue }
                if let view = pod.view { await loop.update(view, of: source) }
                if let view = pod.unscheduled { await loop.updateUnscheduled(view, of: source) }
            case .deleted(let pod): await loop.removePod(uid: pod.metadata.uid ?? "")
            }
        }
    }

    func trouble(_ what: String) -> @Sendable (KubernetesTrouble?) -> Void {
        { [logger] trouble in
            guard let trouble else { return logger.info("watching again", metadata: ["what": "\(what)"]) }
            logger.warning(
                "can't watch; what was known stands, and it is tried again",
                metadata: ["what": "\(what)", "error": "\(trouble.error)", "failures": "\(trouble.failures)"])
        }
    }
}

extension NodeView {
    /// Kubernetes has four, and each node's kubelet writes what it likes.
    private static let mostConditions = 16

    init(_ node: Node) {
        self.init(name: node.metadata.name, uid: node.metadata.uid ?? "")
        createdAt = node.metadata.creationTimestamp.map(Timestamp.init)
        labels = node.metadata.labels
        taints = (node.spec?.taints ?? []).compactMap { taint in
            TaintEffect(rawValue: taint.effect).map { Taint(key: taint.key, value: taint.value, effect: $0) }
        }
        isReady = node.isReady ?? false
        containerRuntimeVersion = (node.status?.nodeInfo?.containerRuntimeVersion ?? "")
            .cleaned(maximumBytes: ReportLimits.version)
        isUnschedulable = node.spec?.unschedulable ?? false
        hasDiskPressure =
            node.status?.conditions?.contains { $0.type == "DiskPressure" && $0.status == "True" } ?? false
        conditions = (node.status?.conditions ?? []).lazy.filter { condition in
            condition.type == "Ready" || condition.type.hasSuffix("Pressure") && condition.status != "False"
        }.prefix(Self.mostConditions).map(ConditionView.init)
        allocatableMemory = node.status?.allocatable?["memory"]
        allocatableCPU = node.status?.allocatable?["cpu"]
    }
}

extension ConditionView {
    init(_ condition: Condition) {
        self.init(
            type: condition.type.cleaned(maximumBytes: ReportLimits.platform),
            status: condition.status.cleaned(maximumBytes: ReportLimits.platform), reason: clean(condition.reason),
            message: clean(condition.message), since: condition.lastTransitionTime.map(Timestamp.init))
    }
}

extension PodView {
    /// Nil for a pod that no node has yet.
    init?(_ pod: Pod) {
        guard let node = pod.spec?.nodeName, !node.isEmpty else { return nil }
        self.init(pod, node: node)
    }

    /// A pod that the scheduler hasn't placed yet, as one of the node that its DaemonSet made it for. Nil for any other.
    init?(unscheduled pod: Pod) {
        guard pod.spec?.nodeName?.isEmpty ?? true, let node = pod.spec?.intendedNode else { return nil }
        self.init(pod, node: node)
        let condition = pod.status?.conditions?.first { $0.type == "PodScheduled" && $0.status == "False" }
        if let text = condition?.reason { reason = clean(text) }
        if let text = condition?.message { message = clean(text) }
    }

    private init?(_ pod: Pod, node: String) {
        guard let uid = pod.metadata.uid else { return nil }
        self.init(name: pod.metadata.name, uid: uid, node: node)
        template = pod.metadata.annotations[PodNames.templateAnnotation]
        frame = pod.metadata.annotations[PodNames.frameAnnotation]
        replacesNothing = pod.metadata.annotations[PodNames.replacesNothingAnnotation] != nil
        isTerminating = pod.metadata.deletionTimestamp != nil
        createdAt = pod.metadata.creationTimestamp.map(Timestamp.init)
        reason = clean(pod.status?.reason)
        message = clean(pod.status?.message)
        for status in pod.status?.containerStatuses ?? [] { containers[status.name] = ContainerView(status) }
        var added = pod.spec?.ephemeralContainers ?? []
        if !added.isEmpty {
            foreignContainers = Set(added.lazy.filter { $0.command != PodNames.sleepCommand }.map(\.name))
            added.removeAll { foreignContainers.contains($0.name) }
        }
        for status in pod.status?.ephemeralContainerStatuses ?? [] where !foreignContainers.contains(status.name) {
            containers[status.name] = ContainerView(status)
            containers[status.name]?.isEphemeral = true
            // No kubelet starts it again: the pod holds less than any template says.
            if status.state?.terminated != nil { (template, frame) = (nil, nil) }
        }
        if frame != nil {
            for container in pod.spec?.containers ?? [] { images[container.name] = container.image }
            for container in added { images[container.name] = container.image }
        }
        let copySleep = pod.status?.initContainerStatuses?.first { $0.name == Configuration.copySleepContainerName }
        if let copySleep, copySleep.state?.terminated?.exitCode != 0 { initContainer = ContainerView(copySleep) }
    }
}

extension ContainerView {
    init(_ status: Pod.ContainerStatus) {
        self.init()
        isRunning = status.state?.running != nil
        waitingReason = (status.state?.waiting?.reason ?? status.state?.terminated?.reason).map { clean($0) }
        waitingMessage = (status.state?.waiting?.message ?? status.state?.terminated?.message).map { clean($0) }
        imageID = status.imageID?.cleaned(maximumBytes: ReportLimits.reference) ?? ""
        // "back-off restarting failed container" doesn't say what it failed of.
        if waitingReason == "CrashLoopBackOff", status.lastState?.terminated?.reason == Self.outOfMemory {
            waitingReason = Self.outOfMemory
        }
    }
}

/// What kubelets and runtimes say, as one line of bounded length.
private func clean(_ text: String?) -> String { text?.cleaned(maximumBytes: ReportLimits.message) ?? "" }
