import Cluster
import ImageSets
import Planning
import Shared

/// Restricted mode: kubelets pull, and their words are all that there is.
extension NodeDiagnosis {
    func podImages(_ view: NodeView) -> [Cause] {
        guard let pod = pods.first(where: { !$0.isTerminating && !$0.containers.isEmpty }) else { return [] }
        var failing: [Cause] = []
        var waiting: [ImageEntry] = []
        var notHeld: [Cause] = []
        for image in snapshot.configuration.images {
            let presence = pod.presence(of: image.container)
            switch presence.state {
            case .failed:
                failing.append(cause(presence.reason ?? .unknown, presence.message, image, pod))
            case .missing, .unknown, .pulling: waiting.append(image)
            case .present: notHeld += [cause(notHeld: image)].compactMap { $0 }
            case .held, .unwanted: break
            }
        }
        return failing + (waiting.isEmpty ? [] : [wait(forKubelet: waiting, pod)]) + notHeld
    }

    private func cause(_ reason: FailureReason, _ message: String, _ image: ImageEntry, _ pod: PodView) -> Cause {
        Cause(
            kind: .imageFailing,
            summary: "\(image.name) can't be pulled: \(reason.rawValue)"
                + (reason.isPermanent ? ", which needs a change" : ""),
            evidence: [
                evidence("Pod/\(pod.name)", "status.containerStatuses[\(image.container)].state.waiting", message)
            ], nextStep: Self.step(reason, image.reference),
            planned:
                "the kubelet tries again by itself, up to every 5 minutes; the pod is replaced to make it try sooner",
            images: [image.name])
    }

    private func wait(forKubelet images: [ImageEntry], _ pod: PodView) -> Cause {
        let names = images.map(\.name)
        return Cause(
            kind: .waiting,
            summary:
                "\(Self.list(names)) \(names.count == 1 ? "isn't" : "aren't") there yet: the kubelet pulls a pod's "
                + "images one after another",
            evidence: images.prefix(3).map { image in
                let container = pod.containers[image.container]
                let words = [container?.waitingReason, container?.waitingMessage].compactMap { $0 }
                return evidence(
                    "Pod/\(pod.name)", "status.containerStatuses[\(image.container)].state",
                    container == nil ? "no status yet" : words.joined(separator: ": "))
            },
            nextStep:
                "none; kubectl describe pod \(pod.name) -n \(snapshot.configuration.namespace) shows what is being "
                + "pulled",
            planned: "the kubelet goes on by itself", images: names)
    }
}
