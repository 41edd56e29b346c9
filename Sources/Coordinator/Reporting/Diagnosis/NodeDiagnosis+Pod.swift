import Cluster
import ConfigurationParsing
import Formatting
import ImageSets
import Planning
import Shared

/// Causes that lie with our pod.
extension NodeDiagnosis {
    func pod(_ view: NodeView, of holder: Holder) -> Cause? {
        let (configuration, pods) = (holder.configuration, holder.pods)
        if let pending = snapshot.cluster.unscheduled.values.first(where: {
            $0.node == node && $0.set == holder.set
        }) {
            return notScheduled(pending, view, of: holder)
        }
        let whyNoPod = snapshot.whyNoPod[holder.set]
        guard let pod = holder.living else {
            return Cause(
                kind: .noPod,
                summary: "\(holder.pod) \(pods.isEmpty ? "isn't on the node" : "is being replaced")",
                evidence: [
                    pods.first.map { evidence("Pod/\($0.name)", "metadata.deletionTimestamp", "it is being deleted") }
                        ?? evidence(
                            "DaemonSet/\(configuration.daemonSetName)",
                            whyNoPod == nil ? "pods" : "Events (FailedCreate)", whyNoPod ?? "none is on \(node)")
                ],
                nextStep: pods.isEmpty && whyNoPod != nil
                    ? "change what the words name (ResourceQuota, LimitRange, Pod Security, an admission policy) so that pods of "
                        + "namespace \(configuration.namespace) are admitted"
                    : pods.isEmpty
                        ? "kubectl describe daemonset \(configuration.daemonSetName) -n \(configuration.namespace): its "
                            + "events say why no pod is made (quota, admission, Pod Security)"
                        : "wait; if it stays so, kubectl describe pod \(pods[0].name) -n \(configuration.namespace)",
                planned: "the DaemonSet controller makes a pod as soon as it may")
        }
        if let copy = pod.initContainer, copy.trouble != nil {
            let name = Configuration.copySleepContainerName
            return notRunning(
                pod, of: holder, "its init container \(name) doesn't get through, so no other starts", of: copy,
                field: "status.initContainerStatuses[\(name)].state")
        }
        guard !pod.isWorking(under: configuration) else { return nil }
        let agent = pod.containers[Configuration.agentContainerName]
        return notRunning(
            pod, of: holder, "its agent doesn't run", of: agent,
            field: agent == nil ? "status" : "status.containerStatuses[\(Configuration.agentContainerName)].state")
    }

    private func notRunning(
        _ pod: PodView, of holder: Holder, _ what: String, of container: ContainerView?, field: String
    ) -> Cause {
        let words = [container?.waitingReason ?? pod.reason, container?.waitingMessage ?? pod.message]
        let text = words.filter { !$0.isEmpty }
        let look = "kubectl describe pod \(pod.name) -n \(holder.configuration.namespace)"
        let found = evidence(
            "Pod/\(pod.name)", field, text.isEmpty ? "no container has a status yet" : text.joined(separator: ": "),
            since: pod.createdAt)
        if container?.trouble == nil, pod.reason.isEmpty, let created = pod.createdAt, snapshot.now < created + 60 {
            return Cause(
                kind: .podNotRunning, summary: "\(holder.pod) is starting", evidence: [found],
                nextStep: "wait; if it stays so, \(look)",
                planned: "the kubelet starts its containers one after another")
        }
        return Cause(
            kind: .podNotRunning, summary: "\(holder.pod) is on the node, but \(what)", evidence: [found],
            nextStep: Self.hint(container) + look, planned: "the kubelet tries again by itself")
    }

    private static func hint(_ container: ContainerView?) -> String {
        switch container?.waitingReason {
        case "ErrImagePull", "ImagePullBackOff", "InvalidImageName":
            let reason = FailureClassifier.reason(message: container?.waitingMessage ?? "")
            return "check KIP_IMAGE in the ConfigMap (\(reason.rawValue)), and IMAGE_PULL_SECRETS; then: "
        default: return ""
        }
    }

    /// A pod that the scheduler leaves waiting, mostly because the node lacks memory or cpu for what it requests.
    private func notScheduled(_ pending: PodView, _ view: NodeView, of holder: Holder) -> Cause {
        let lacks = ["memory", "cpu"].filter { pending.message.contains("Insufficient \($0)") }
        let resources = holder.configuration.sleepResources
        let count = holder.configuration.images.count
        var found = [
            evidence(
                "Pod/\(pending.name)", "status.conditions[PodScheduled]",
                pending.message.isEmpty ? "it waits for the scheduler" : pending.message, since: pending.createdAt),
            evidence(
                "Node/\(node)", "status.allocatable",
                "memory \(view.allocatableMemory ?? "?"), cpu \(view.allocatableCPU ?? "?")"),
        ]
        if !lacks.isEmpty {
            found.append(
                evidence(
                    "ConfigMap", "CACHING_MEMORY_REQUEST, CACHING_CPU_REQUEST",
                    "\(counted(count, "image")) of \(resources.memoryRequest) and \(resources.cpuRequest) each, besides "
                        + "the agent's own"))
        }
        return Cause(
            kind: .podNotScheduled,
            summary: lacks.isEmpty
                ? "the scheduler doesn't place \(holder.pod)"
                : "the node hasn't enough \(lacks.joined(separator: " and ")) left for \(holder.pod)",
            evidence: found,
            nextStep: lacks.isEmpty
                ? "read the scheduler's message; kubectl describe pod \(pending.name) -n "
                    + holder.configuration.namespace
                : "lower CACHING_MEMORY_REQUEST or CACHING_CPU_REQUEST, list fewer images, or make room on the node: "
                    + "kubectl describe node \(node) shows who requests what",
            planned: "the scheduler tries again whenever something changes; a pod of an older template is replaced")
    }
}
