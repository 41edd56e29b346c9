import Planning
import Shared

/// Causes that lie with another node, or with the kubelet alone.
extension NodeDiagnosis {
    /// The image failed on the nodes that try it for all others.
    func cause(heldBack image: ImageEntry, _ column: Int, _ view: NodeView) -> Cause? {
        guard snapshot.fleet.isHeldBack(column: column, platform: view.platform) else { return nil }
        let failures = snapshot.cluster.nodes.values.filter { $0.platform == view.platform }.map(\.name).sorted()
            .compactMap { other in
                snapshot.fleet.failure(node: other, column: column).map { (node: other, failure: $0) }
            }
        guard let first = failures.first else { return nil }
        let nodes = failures.prefix(2).map(\.node).joined(separator: " and ")
        return Cause(
            kind: .waiting,
            summary:
                "\(image.name) failed on \(nodes) (\(first.failure.reason.rawValue)) and waits until it works there, "
                + "so that a broken image fails on two nodes at most",
            evidence: failures.prefix(2).map { other, failure in
                evidence(
                    "report of \(other)", "attempt \(failure.attempts) of \(image.reference.written)",
                    failure.message, at: failure.lastAttempt)
            },
            nextStep: Self.step(first.failure.reason, image.reference),
            planned: "pulled when \(failures.count > 1 ? "one of them" : nodes) has it", images: [image.name])
    }

    /// Kubelets of Kubernetes 1.35 and later let a pod use an image that was pulled with a Secret only if the pod names
    /// credentials for it, too. They say that it isn't there.
    ///
    /// - Parameter since: since when the image is there.
    func cause(refused image: ImageEntry, since: Timestamp) -> Cause? {
        guard snapshot.now.milliseconds(since: since) >= Self.refusalMilliseconds,
            let pod = pods.first(where: { !$0.isTerminating }),
            let container = pod.containers[image.container], container.waitingReason == "ErrImageNeverPull"
        else { return nil }
        return Cause(
            kind: .notHeld,
            summary: "\(image.name) is present but not held: the kubelet doesn't let our pod use it",
            evidence: [
                evidence(
                    "Pod/\(pod.name)", "status.containerStatuses[\(image.container)].state",
                    "ErrImageNeverPull: \(container.waitingMessage ?? "")", since: since)
            ],
            nextStep: "if another pod's Secret pulled it, name one with credentials for \(image.reference.registry) in "
                + "IMAGE_PULL_SECRETS: kubelets of Kubernetes 1.35 and later ask for that; where their "
                + "imagePullCredentialsVerificationPolicy is AlwaysVerify, only RUNTIME_SOCKET=none works",
            planned: "the kubelet looks again every 15 s at the latest, and starts the container as soon as it may",
            images: [image.name])
    }

    /// A kubelet looks again every 15 s at the latest; the image was listed up to a report's interval later.
    private static var refusalMilliseconds: Int64 { 60_000 }
}
