import Planning
import Shared

/// Why a node isn't covered: a pure function of a snapshot.
///
/// All causes that hold are told, the deepest first. Each is found on its own, so that one which explains another
/// doesn't hide it: somebody may have fixed it a second ago.
struct NodeDiagnosis {
    let snapshot: Snapshot
    let node: String

    var causes: [Cause] {
        let view = snapshot.cluster.nodes[node]
        guard let view else { return [nodeGone] }
        var causes = [notReady(view), cordoned(view), keptBack(view), notSelected(view)].compactMap { $0 }
        guard snapshot.configuration.scheduling.selects(view) else { return causes }
        causes += [pod(view)].compactMap { $0 }
        if snapshot.configuration.runtimeSocket != .none {
            causes += [silence, runtime].compactMap { $0 }
            causes += [diskPressure(view)].compactMap { $0 } + images(view)
        } else {
            causes += [diskPressure(view)].compactMap { $0 } + podImages(view)
        }
        // Stable: causes of one kind keep the order of the image list.
        return causes.enumerated().sorted { ($0.element.kind, $0.offset) < ($1.element.kind, $1.offset) }.map(\.element)
    }

    var pods: [PodView] {
        snapshot.cluster.pods.values.filter { $0.node == node }.sorted { $0.name < $1.name }
    }

    func evidence(_ object: String, _ field: String, _ message: String, at: Timestamp? = nil) -> Cause.Evidence {
        Cause.Evidence(object: object, field: field, message: message, at: at?.rfc3339)
    }

    /// `4 min ago`
    func age(_ moment: Timestamp) -> String {
        SpanText.seconds(max(0, Double(snapshot.now.milliseconds(since: moment)) / 1000)) + " ago"
    }

    // MARK: The node

    private var nodeGone: Cause {
        Cause(
            kind: .nodeGone, summary: "the cluster has no node \(node)",
            evidence: [evidence("Node/\(node)", "metadata.name", "not found")],
            nextStep: "kubectl get nodes; a node that was deleted or hasn't joined yet can't be covered")
    }

    private func notReady(_ view: NodeView) -> Cause? {
        guard !view.isReady else { return nil }
        let condition = view.conditions.first { $0.type == "Ready" }
        let text = condition.map { [$0.status, $0.reason, $0.message].filter { !$0.isEmpty }.joined(separator: ", ") }
        return Cause(
            kind: .nodeNotReady, summary: "the node isn't ready",
            evidence: [
                evidence(
                    "Node/\(node)", "status.conditions[Ready]", text ?? "the condition is missing", at: condition?.since
                )
            ],
            nextStep: "kubectl describe node \(node); look at the machine, its kubelet and its network",
            planned: "nothing is pulled on it while it isn't ready; it is filled as soon as it is")
    }

    private func cordoned(_ view: NodeView) -> Cause? {
        guard view.isUnschedulable else { return nil }
        return Cause(
            kind: .nodeCordoned, summary: "the node is cordoned; it is filled all the same, after the others",
            evidence: [evidence("Node/\(node)", "spec.unschedulable", "true")],
            nextStep: "kubectl uncordon \(node), when it's to be used again")
    }

    private func notSelected(_ view: NodeView) -> Cause? {
        let scheduling = snapshot.configuration.scheduling
        guard !scheduling.selects(view) else { return nil }
        var found: [Cause.Evidence] = []
        if let os = view.labels["kubernetes.io/os"], os != "linux" {
            found.append(evidence("Node/\(node)", "metadata.labels[kubernetes.io/os]", os))
        }
        for (key, value) in scheduling.nodeSelector.sorted(by: { $0.key < $1.key }) where view.labels[key] != value {
            found.append(
                evidence(
                    "Node/\(node)", "metadata.labels[\(key)]",
                    "\(view.labels[key].map { "\"\($0)\"" } ?? "missing"), and NODE_SELECTOR wants \"\(value)\""))
        }
        let taints = scheduling.untoleratedTaints(of: view)
        for taint in taints {
            let text = "\(taint.key)\(taint.value.map { "=\($0)" } ?? ""):\(taint.effect.rawValue)"
            found.append(evidence("Node/\(node)", "spec.taints", "\(text) isn't tolerated by TOLERATIONS"))
        }
        if found.isEmpty {
            found.append(evidence("Node/\(node)", "metadata.labels", "they don't satisfy what AFFINITY requires"))
        }
        return Cause(
            kind: .notSelected, summary: "the node isn't selected, so nothing is cached on it", evidence: found,
            nextStep: taints.isEmpty
                ? "label the node, or change NODE_SELECTOR or AFFINITY in the ConfigMap, if it's to be covered"
                : "add a toleration to TOLERATIONS in the ConfigMap, if it's to be covered")
    }

    // MARK: The pod

    private func pod(_ view: NodeView) -> Cause? {
        let configuration = snapshot.configuration
        if let pending = snapshot.cluster.unscheduled.values.first(where: { $0.node == node }) {
            return Cause(
                kind: .podNotScheduled, summary: "the scheduler finds no room for our pod",
                evidence: [
                    evidence(
                        "Pod/\(pending.name)", "status.conditions[PodScheduled]",
                        pending.message.isEmpty ? "it waits for the scheduler" : pending.message,
                        at: pending.createdAt),
                    evidence(
                        "Node/\(node)", "status.allocatable",
                        "memory \(view.allocatableMemory ?? "?"), cpu \(view.allocatableCPU ?? "?")"),
                ],
                nextStep: "lower CACHING_MEMORY_REQUEST or CACHING_CPU_REQUEST (each of \(configuration.images.count) "
                    + "images requests them), list fewer images, or make room on the node")
        }
        let living = pods.filter { !$0.isTerminating }
        guard let pod = living.first else {
            return Cause(
                kind: .noPod,
                summary: pods.isEmpty ? "our pod isn't on the node" : "our pod is being replaced",
                evidence: [
                    pods.first.map { evidence("Pod/\($0.name)", "metadata.deletionTimestamp", "it is being deleted") }
                        ?? evidence("DaemonSet/\(configuration.daemonSetName)", "pods", "none is on \(node)")
                ],
                nextStep: pods.isEmpty
                    ? "kubectl describe daemonset \(configuration.daemonSetName) -n \(configuration.namespace): its "
                        + "events tell why no pod is made (quota, admission, Pod Security)"
                    : "wait; if it stays so, kubectl describe pod \(pods[0].name) -n \(configuration.namespace)",
                planned: "the DaemonSet controller makes a pod as soon as it may")
        }
        guard !pod.isWorking(under: configuration) else { return nil }
        // The container that copies `sleep` is of the same image and comes first: the agent only waits for it.
        let agent = pod.initContainer ?? pod.containers[Configuration.agentContainerName]
        let text = [agent?.waitingReason ?? pod.reason, agent?.waitingMessage ?? pod.message].filter { !$0.isEmpty }
        let field =
            pod.initContainer == nil
            ? "status.containerStatuses[\(Configuration.agentContainerName)].state"
            : "status.initContainerStatuses[\(Configuration.copySleepContainerName)].state"
        return Cause(
            kind: .podNotRunning, summary: "our pod is on the node, but its agent doesn't run",
            evidence: [
                evidence(
                    "Pod/\(pod.name)",
                    agent == nil ? "status" : field,
                    text.isEmpty ? "no container has a status yet" : text.joined(separator: ": "), at: pod.createdAt)
            ],
            nextStep: Self.step(for: agent, "kubectl describe pod \(pod.name) -n \(configuration.namespace)"))
    }

    private static func step(for agent: ContainerView?, _ otherwise: String) -> String {
        switch agent?.waitingReason {
        case "ErrImagePull", "ImagePullBackOff", "InvalidImageName":
            let reason = FailureClassifier.reason(message: agent?.waitingMessage ?? "")
            return "check KIP_IMAGE in the ConfigMap (\(reason.rawValue)), and IMAGE_PULL_SECRETS; then: " + otherwise
        default: return otherwise
        }
    }

    // MARK: The agent

    private var silence: Cause? {
        guard let state = snapshot.fleet.nodes[node], let last = state.lastReport else {
            return Cause(
                kind: .agentSilent, summary: "no report of this node has come since the coordinator started",
                evidence: [evidence("report of \(node)", "received", "never")], nextStep: silenceStep)
        }
        guard Double(snapshot.now.milliseconds(since: last)) > snapshot.fleet.silenceSeconds * 1000 else { return nil }
        return Cause(
            kind: .agentSilent,
            summary: "the agent has been silent for longer than \(SpanText.seconds(snapshot.fleet.silenceSeconds)), so "
                + "its images are unknown",
            evidence: [evidence("report of \(node)", "received", age(last), at: last)], nextStep: silenceStep)
    }

    private var silenceStep: String {
        let pod = pods.first { !$0.isTerminating }?.name ?? "POD"
        return
            "kubectl logs \(pod) -n \(snapshot.configuration.namespace) -c \(Configuration.agentContainerName): it says "
            + "whether the coordinator can't be reached or refuses it; the coordinator's log names refused agents"
    }

    private var runtime: Cause? {
        guard let state = snapshot.fleet.nodes[node], let last = state.lastReport, state.runtime.fault != .none else {
            return nil
        }
        let runtime = state.runtime
        let summary: String
        let step: String
        switch runtime.fault {
        case .socketMissing:
            summary = "the container runtime's socket isn't where the agent looks for it"
            step =
                "on the node: systemctl status containerd (or crio); if its socket lies elsewhere, set RUNTIME_SOCKET in "
                + "the ConfigMap to its path on the host"
        case .permissionDenied:
            summary = "the agent may not use the container runtime's socket"
            step =
                "let the pod run as root with the socket mounted: Pod Security privileged, on OpenShift the SCC "
                + "and --openshift; SELinux may forbid it too (ausearch -m avc)"
        default:
            summary = "the container runtime doesn't answer the agent"
            step = "on the node: crictl info; systemctl status containerd (or crio)"
        }
        return Cause(
            kind: .runtimeUnreachable, summary: summary,
            evidence: [
                evidence(
                    "report of \(node)", "runtime\(runtime.socket.isEmpty ? "" : " at \(runtime.socket)")",
                    runtime.error.isEmpty ? "\(runtime.fault)" : runtime.error, at: last)
            ], nextStep: step, planned: "the agent looks again with every report")
    }

    private func diskPressure(_ view: NodeView) -> Cause? {
        guard view.hasDiskPressure else { return nil }
        let condition = view.conditions.first { $0.type == "DiskPressure" }
        var found = [
            evidence(
                "Node/\(node)", "status.conditions[DiskPressure]",
                condition.map { [$0.status, $0.reason, $0.message].filter { !$0.isEmpty }.joined(separator: ", ") }
                    ?? "True", at: condition?.since)
        ]
        if let disk = snapshot.fleet.nodes[node]?.imageFilesystem, disk.capacityBytes > 0 {
            found.append(evidence("report of \(node)", "image file system", Self.free(disk)))
        }
        return Cause(
            kind: .diskPressure, summary: "the node is short of disk: nothing is pulled on it", evidence: found,
            nextStep: "free space on the node or enlarge its disk; list fewer or smaller images",
            planned: "pulls go on when the kubelet takes the condition back")
    }

    static func free(_ disk: WireImageFilesystem) -> String {
        let percent = 100 - Int(disk.freeBytes * 100 / max(1, disk.capacityBytes))
        return "\(SpanText.bytes(Int64(clamping: disk.freeBytes))) free of "
            + "\(SpanText.bytes(Int64(clamping: disk.capacityBytes))), \(percent) % used"
    }
}
