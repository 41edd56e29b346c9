import Cluster
import Formatting
import ImageSets
import Planning
import Shared

/// What brings a pod of ours the containers that it lacks: they are added to it, or it is replaced, or neither can be.
extension NodeDiagnosis {
    static func notHeld(_ image: ImageEntry) -> String {
        "\(image.name) is present but not held: the kubelet's garbage collection may remove it"
    }

    /// Not while the node isn't ready, is short of disk, pulls, or has no say.
    static let plannedReplacement =
        "the pod is replaced when its node has what it can have (ROLL_MAX_PARALLEL at once)"

    /// The pod's status tells of no container for the image.
    func cause(lacking image: ImageEntry, _ pod: PodView, _ name: String, _ holder: Holder) -> Cause {
        let look = "kubectl describe pod \(pod.name) -n \(holder.configuration.namespace)"
        let successor = snapshot.successors[holder.set] ?? Successor()
        let listed = Dictionary(
            holder.configuration.images.map { ($0.container, $0.reference.normalised) },
            uniquingKeysWith: { one, _ in one })
        var (field, found) = ("spec.containers", "this pod has no such container: it is of an older template")
        var (nextStep, planned) = (
            "none: the pod is replaced when its node has what it can have",
            Self.plannedReplacement + ", and the new one holds it"
        )
        var more: [Cause.Evidence] = []
        if pod.images[name] != nil {
            (field, found) = ("status", "the kubelet reports nothing about the container \(name) yet")
            (nextStep, planned) = ("wait; if it stays so, \(look)", "the node's kubelet starts it")
        } else if Planner.canExtend(pod, to: listed, successor, holder.configuration) {
            (field, found) = ("spec.ephemeralContainers", "this pod has no such container yet")
            (nextStep, planned) = ("none", "a container is added to the pod as it runs")
        } else {
            if pod.foreignContainers.contains(name) {
                (field, found) = ("spec.ephemeralContainers", "a container of this name was added by somebody else")
            }
            if let hindrance = hindrance(of: holder) {
                more = hindrance.evidence
                (nextStep, planned) = (hindrance.nextStep, hindrance.planned)
            }
        }
        return Cause(
            kind: .notHeld, summary: Self.notHeld(image),
            evidence: [evidence("Pod/\(pod.name)", field, found)] + more, nextStep: nextStep, planned: planned,
            images: [image.name])
    }

    /// Why no pod of the set is replaced; nil: pods are.
    func hindrance(of holder: Holder) -> (evidence: [Cause.Evidence], nextStep: String, planned: String)? {
        let daemonSet = "DaemonSet/\(holder.configuration.daemonSetName)"
        if let refusal = snapshot.successors[holder.set]?.refusal {
            return (
                [evidence(daemonSet, "spec.template", refusal)],
                "change what the words name (ResourceQuota, LimitRange, Pod Security, an admission policy) so that pods of "
                    + "namespace \(holder.configuration.namespace) are admitted",
                "nothing is replaced while no pod of the present template is admitted; it is asked again every 30 s"
            )
        }
        if let trouble = snapshot.rollOutTroubles[holder.set], trouble.isFinal {
            return (
                [
                    evidence(
                        daemonSet, "spec.template",
                        "its first pod doesn't work: \(trouble.message) (node \(trouble.node))")
                ],
                "change the ConfigMap, or what hinders the pod on node \(trouble.node)",
                "nothing is replaced until that pod works, or the ConfigMap is changed"
            )
        }
        return nil
    }
}
