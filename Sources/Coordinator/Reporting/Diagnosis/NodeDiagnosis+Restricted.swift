import Cluster
import ImageSets
import Planning
import Shared

/// Restricted mode: kubelets pull, and their words are all that there is.
extension NodeDiagnosis {
    func podImages(_ cells: NodeCells) -> [Cause] {
        var failing: [Cause] = []
        /// By set.
        var waiting: [String: Waiting] = [:]
        var notHeld: [Cause] = []
        for (position, (image, state)) in zip(snapshot.images, cells.row.states).enumerated() {
            let places = self.places(position, cells).filter { !$0.pod.containers.isEmpty }
            // Several pods can tell of it, and one of them as the report has it.
            guard
                let (holder, pod, container) = places.first(where: { $0.pod.presence(of: $0.container).state == state })
                    ?? places.first
            else { continue }
            let presence = pod.presence(of: container)
            switch state {
            case .failed:
                failing.append(cause(presence.reason ?? .unknown, presence.message, image, pod, container))
            case .missing, .unknown, .pulling:
                waiting[holder.set, default: Waiting(holder: holder, pod: pod)].images.append((image, container))
            case .present: notHeld += [cause(notHeld: image, by: pod, container, holder)].compactMap { $0 }
            case .held, .unwanted: break
            }
        }
        return failing + holders(cells).compactMap { waiting[$0.set].map(wait) } + notHeld
    }

    /// What a set's pod waits for, and its containers.
    private struct Waiting {
        var holder: Holder
        var pod: PodView
        var images: [(entry: ImageEntry, container: String)] = []
    }

    private func cause(
        _ reason: FailureReason, _ message: String, _ image: ImageEntry, _ pod: PodView, _ container: String
    ) -> Cause {
        Cause(
            kind: .imageFailing,
            summary: "\(image.name) can't be pulled: \(reason.rawValue)"
                + (reason.isPermanent ? ", which needs a change" : ""),
            evidence: [
                evidence("Pod/\(pod.name)", Self.field("state.waiting", of: container, in: pod), message)
            ], nextStep: Self.step(reason, image.reference),
            planned:
                "the kubelet tries again by itself, up to every 5 minutes; the pod is replaced to make it try sooner",
            images: [image.name])
    }

    private func wait(_ waiting: Waiting) -> Cause {
        let pod = waiting.pod
        let names = waiting.images.map(\.entry.name)
        return Cause(
            kind: .waiting,
            summary:
                "\(Self.list(names)) \(names.count == 1 ? "isn't" : "aren't") there yet: the kubelet pulls a pod's "
                + "images one after another",
            evidence: waiting.images.prefix(3).map { _, name in
                let container = pod.containers[name]
                let words = [container?.waitingReason, container?.waitingMessage].compactMap { $0 }
                return evidence(
                    "Pod/\(pod.name)", Self.field("state", of: name, in: pod),
                    container == nil ? "no status yet" : words.joined(separator: ": "))
            },
            nextStep:
                "none; kubectl describe pod \(pod.name) -n \(waiting.holder.configuration.namespace) shows what is being "
                + "pulled",
            planned: "the kubelet goes on by itself", images: names)
    }
}
