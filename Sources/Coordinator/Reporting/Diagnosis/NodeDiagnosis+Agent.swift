import Cluster
import Formatting
import ImageSets
import Planning
import Shared

/// Causes that lie with the agent: it isn't heard, or can't ask its runtime.
extension NodeDiagnosis {
    /// How long a refusal counts as the reason of a silence, in seconds. Agents try again within a minute.
    private static let refusalCounts = 300.0

    /// The agent speaks, and is refused: that explains why nothing is known of its node.
    var refusal: Cause? {
        guard silence != nil, let refusal = snapshot.refusals[node],
            Double(snapshot.now.milliseconds(since: refusal.last)) <= Self.refusalCounts * 1000
        else { return nil }
        return Cause(
            kind: .agentRefused, summary: "the agent's reports are refused: \(refusal.refusal.words)",
            evidence: [
                evidence("Pod/\(refusal.pod)", "token of its reports", refusal.refusal.rawValue, since: refusal.since),
                // The field is left out of entity tags: it changes with every try.
                evidence("report of \(node)", "received", "refused \(age(refusal.last))"),
            ],
            nextStep: refusal.refusal.nextStep(
                pod: refusal.pod, namespace: namespace(of: pods.first { $0.name == refusal.pod })),
            planned: "the agent tries again by itself, within a minute")
    }

    /// Parts of what the agent said were left out.
    var cut: Cause? {
        guard let cuts = snapshot.reportCuts[node] else { return nil }
        let parts = [(cuts.names, "names"), (cuts.texts, "texts"), (cuts.numbers, "numbers")]
            .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        return Cause(
            kind: .agentRefused, summary: "parts of the agent's reports can't be true, and are left out",
            evidence: [evidence("report of \(node)", "left out", parts)],
            nextStep: "on the node: crictl images, for names that no image can have; if there are none, see who else "
                + "uses the token of the agent's pod",
            planned: "the rest of its reports counts")
    }

    var silence: Cause? {
        guard let state = snapshot.fleet.nodes[node], let last = state.lastReport else {
            return Cause(
                kind: .agentSilent, summary: "no report of this node has come since the coordinator started",
                evidence: [evidence("report of \(node)", "received", "never")], nextStep: silenceStep,
                planned: Self.plannedWhileSilent)
        }
        guard Double(snapshot.now.milliseconds(since: last)) > snapshot.fleet.silenceSeconds * 1000 else { return nil }
        return Cause(
            kind: .agentSilent,
            summary: "the agent has been silent for longer than \(SpanText.seconds(snapshot.fleet.silenceSeconds)), so "
                + "its images are unknown",
            evidence: [evidence("report of \(node)", "received", age(last), at: last)], nextStep: silenceStep,
            planned: Self.plannedWhileSilent)
    }

    /// The planner leaves out nodes of which nothing is known.
    private static let plannedWhileSilent =
        "nothing is pulled on it until it reports, nor is a pod replaced whose agent runs; then it is filled"

    private var silenceStep: String {
        let pod = pods.first { !$0.isTerminating }
        return
            "kubectl logs \(pod?.name ?? "POD") -n \(namespace(of: pod)) -c \(Configuration.agentContainerName): it says "
            + "whether the coordinator can't be reached or refuses it; the coordinator's log names refused agents"
    }

    var runtime: Cause? {
        guard let state = snapshot.fleet.nodes[node], let last = state.lastReport, state.runtime.fault != .none else {
            return nil
        }
        let runtime = state.runtime
        let summary: String
        let step: String
        switch runtime.fault {
        case .socketMissing:
            summary = "the container runtime's socket isn't where the agent looks for it"
            step = "set RUNTIME_SOCKET in the ConfigMap to the socket's path on the host"
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
}

extension AccessRefusal {
    /// What is so, for people.
    fileprivate var words: String {
        switch self {
        case .noToken: "they carry no token"
        case .invalidToken, .deletedPod: "the API server doesn't accept their token"
        case .expiredToken: "their token has expired"
        case .wrongAudience: "their token is for somebody else"
        case .wrongAccount, .unboundToken, .foreignPod, .wrongNode: "their token isn't that of this node's agent"
        case .forbidden, .ambiguousPath: "they may not be sent"
        case .badReport: "they can't be read, or hold more than is taken"
        case .tooMany: "they come too often"
        case .unavailable: "the API server doesn't say whether their token is good"
        case .unseenPod, .notReady: "the coordinator doesn't know their pod yet"
        }
    }

    fileprivate func nextStep(pod: String, namespace: String) -> String {
        switch self {
        case .noToken, .invalidToken, .deletedPod, .expiredToken, .wrongAudience:
            "kubectl delete pod \(pod) -n \(namespace): the new one gets a new token. If that is refused too, look at "
                + "the API server's log, and at the clocks of the node and of the API server"
        case .wrongAccount, .unboundToken, .foreignPod, .wrongNode:
            "see who changed \(pod): kubectl get pod \(pod) -n \(namespace) -o yaml"
        case .unavailable:
            "the coordinator's log says what the API server answers; its ClusterRole must let it create TokenReviews"
        case .badReport:
            "the agent's log and the coordinator's say what is too much: 4,096 images, and 2 MiB, are the limits of a node. Remove "
                + "unused images from it (crictl rmi --prune); if it has fewer, see who else uses that pod's token"
        case .forbidden, .ambiguousPath, .tooMany, .unseenPod, .notReady:
            "none, unless it stays so; then the coordinator's log says more"
        }
    }
}
