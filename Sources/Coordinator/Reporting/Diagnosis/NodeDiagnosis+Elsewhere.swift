import Cluster
import Formatting
import ImageSets
import Planning
import Shared

/// Causes that lie with another node, or with the kubelet alone.
extension NodeDiagnosis {
    /// The image failed on the nodes that try it for all others.
    func cause(heldBack image: ImageEntry, _ column: Int, _ view: NodeView) -> Cause? {
        let failures = snapshot.fleet.triers(column: column, platform: view.platform).compactMap { other in
            snapshot.fleet.failure(node: other, column: column).map { (node: other, failure: $0) }
        }
        guard let first = failures.first else { return nil }
        let nodes = failures.prefix(2).map(\.node).joined(separator: " and ")
        return Cause(
            kind: .waiting,
            summary:
                "\(image.name) failed on \(nodes) (\(first.failure.reason.rawValue)) and waits until it works there, "
                + "so that a broken image is tried on two nodes at a time",
            evidence: failures.prefix(2).map { other, failure in
                evidence(
                    "report of \(other)", "attempt \(failure.attempts) of \(image.reference.written)",
                    failure.message, at: failure.lastAttempt)
            },
            nextStep: Self.step(first.failure.reason, image.reference),
            planned: "pulled when \(failures.count > 1 ? "one of them" : nodes) has it", images: [image.name])
    }

    /// Kubelets of Kubernetes 1.35 and later let a pod use an image that they pulled under another name, or with a Secret,
    /// only after they have asked its registry, and say that it isn't there where they may not.
    func cause(refused image: ImageEntry, _ column: Int, by pod: PodView, _ container: String) -> Cause? {
        guard let refusal = snapshot.fleet.refusal(node: node, column: column, now: snapshot.now) else { return nil }
        var found = [
            evidence(
                "Pod/\(pod.name)", Self.field("state", of: container, in: pod),
                "ErrImageNeverPull: \(pod.containers[container]?.waitingMessage ?? "")", since: refusal.since)
        ]
        let others = snapshot.otherNames(of: image, column, on: node)
        if !others.isEmpty {
            found.append(
                evidence(
                    "report of \(node)", "other names of \(image.reference.written)", Self.list(others)))
        }
        if let failed = snapshot.fleet.kubeletRefusal(of: image.reference) {
            found.append(
                evidence(
                    "kubelet of \(failed.node)", "pull of \(image.reference.written)", failed.message, at: failed.at))
        }
        return Cause(
            kind: .notHeld,
            summary:
                "\(image.name) is present, refused by the kubelet: pods that use it on this node are refused as well",
            evidence: found,
            nextStep: refusal.attempts == 0
                ? "none: the kubelet pulls it under this name"
                : "if a pod's Secret pulled it, name one with credentials for \(image.reference.registry) in "
                    + "IMAGE_PULL_SECRETS: kubelets of Kubernetes 1.35 and later ask for that; where their "
                    + "imagePullCredentialsVerificationPolicy is AlwaysVerify, only RUNTIME_SOCKET=none works",
            planned:
                "the node's kubelet pulls it under this name, with IMAGE_PULL_SECRETS, which lets the container start "
                + "within 15 s (\(counted(refusal.attempts, "pull")) so far)",
            images: [image.name])
    }
}

extension Snapshot {
    /// Other repositories that a node has the same content of: where its kubelet refuses the image under this name, it has
    /// probably pulled it under one of them.
    package func otherNames(of image: ImageEntry, _ column: Int, on node: String) -> [String] {
        let digests = fleet.image(of: node, column: column)?.digests ?? []
        let repositories = Set(digests.compactMap { $0.split(separator: "@").first.map(String.init) })
        return repositories.subtracting([image.reference.name]).sorted()
    }
}
