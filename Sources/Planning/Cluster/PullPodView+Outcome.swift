import Cluster
import Shared

extension PullPodView {
    /// How containers end, or don't begin: each of them was made, so its image had come.
    private static let proofs: Set<String> = ["StartError", "ContainerCannotRun", "Error", "Completed", "OOMKilled"]

    /// What became of the pull.
    enum Outcome: Equatable {
        case running
        case succeeded
        case failed(WireOutcome, String)
    }

    var outcome: Outcome {
        var pod = PodView(name: name, uid: uid, node: node)
        pod.containers[Self.containerName] = container
        let presence = pod.presence(of: Self.containerName)
        if presence.state.isPresent || Self.proofs.contains(container?.waitingReason ?? "") { return .succeeded }
        if presence.state == .failed { return .failed(.failed, presence.message) }
        guard hasEnded else { return .running }
        let text = [reason, message].filter { !$0.isEmpty }.joined(separator: ": ")
        return .failed(
            reason == "DeadlineExceeded" ? .timedOut : .failed, text.isEmpty ? "the pod ended without a word" : text)
    }
}
