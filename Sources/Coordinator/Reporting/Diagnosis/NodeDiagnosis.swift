import Cluster
import Formatting
import ImageSets
import Planning
import Shared
import Supervision

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
        // To look for it goes through all nodes.
        let cells = snapshot.cells(of: node)
        let isTarget = cells != nil
        var causes = [
            notReady(view), cordoned(view, isTarget: isTarget), keptBack(view), isTarget ? nil : notSelected(view),
        ].compactMap { $0 }
        guard let cells else { return causes }
        causes += holders(cells).compactMap { pod(view, of: $0) }
        if snapshot.configuration.runtimeSocket != .none {
            causes += [refusal, cut, silence, runtime].compactMap { $0 }
            causes += [diskPressure(view)].compactMap { $0 } + images(view, cells)
        } else {
            causes += [diskPressure(view)].compactMap { $0 } + podImages(cells)
        }
        // Stable: causes of one kind keep the order of the image list.
        return causes.enumerated().sorted { ($0.element.kind, $0.offset) < ($1.element.kind, $1.offset) }.map(\.element)
    }

    /// An image set whose pods hold images on the node.
    struct Holder {
        var set: String
        var configuration: Configuration
        /// On the node, by name.
        var pods: [PodView]

        var living: PodView? { pods.first { !$0.isTerminating } }
        /// What its pod is called: with one set alone there's only one.
        var pod: String { self.set == ImageSet.defaultName ? "our pod" : "the pod of the image set \(set)" }
    }

    /// Those that are for the node, `default` first. Of a set without containers there's no pod to look at, but an agent, which
    /// `default` brings.
    func holders(_ cells: NodeCells) -> [Holder] {
        let own = cells.sets.compactMap(holder)
        return own.isEmpty ? [holder(of: ImageSet.defaultName)].compactMap { $0 } : own
    }

    /// Nil: there's no such set, or nothing holds it.
    func holder(of set: String) -> Holder? {
        guard
            let configuration = set == ImageSet.defaultName
                ? snapshot.configuration : snapshot.sets.first(where: { $0.name == set })?.configuration
        else { return nil }
        let pods = snapshot.cluster.pods.on(node).filter { $0.set == set }.sorted { $0.name < $1.name }
        return Holder(set: set, configuration: configuration, pods: pods)
    }

    /// The pods of ours on the node, of all sets.
    var pods: [PodView] { snapshot.cluster.pods.on(node).sorted { ($0.set, $0.name) < ($1.set, $1.name) } }

    /// Where a pod is.
    func namespace(of pod: PodView?) -> String {
        pod.flatMap { holder(of: $0.set)?.configuration.namespace } ?? snapshot.configuration.namespace
    }

    /// The containers that are to hold an image, in the pods that there are.
    func places(_ image: Int, _ cells: NodeCells) -> [(holder: Holder, pod: PodView, container: String)] {
        cells.places(image).compactMap { place in
            guard let holder = holder(of: place.set), let pod = holder.living else { return nil }
            return (holder, pod, place.container)
        }
    }

    /// - Parameters:
    ///   - since: since when it is so.
    ///   - at: when it happened, for what has no duration.
    func evidence(
        _ object: String, _ field: String, _ message: String, since: Timestamp? = nil, at: Timestamp? = nil
    ) -> Cause.Evidence {
        Cause.Evidence(
            object: object, field: field, message: message, at: (at ?? since)?.rfc3339, isMoment: at != nil)
    }

    /// Where a pod's status tells something of a container.
    static func field(_ field: String, of container: String, in pod: PodView) -> String {
        let list = pod.containers[container]?.isEphemeral == true ? "ephemeralContainerStatuses" : "containerStatuses"
        return "status.\(list)[\(container)].\(field)"
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
            nextStep: "kubectl get nodes; a node that was deleted or hasn't joined yet can't be covered",
            planned: "nothing, until a node of this name joins; if it is selected, it is filled then")
    }

    private func notReady(_ view: NodeView) -> Cause? {
        guard !view.isReady else { return nil }
        let condition = view.conditions.first { $0.type == "Ready" }
        let text = condition.map { [$0.status, $0.reason, $0.message].filter { !$0.isEmpty }.joined(separator: ", ") }
        return Cause(
            kind: .nodeNotReady, summary: "the node isn't ready",
            evidence: [
                evidence(
                    "Node/\(node)", "status.conditions[Ready]", text ?? "the condition is missing",
                    since: condition?.since
                )
            ],
            nextStep: "kubectl describe node \(node); look at the machine, its kubelet and its network",
            planned: "nothing is pulled on it while it isn't ready; it is filled as soon as it is")
    }

    private func cordoned(_ view: NodeView, isTarget: Bool) -> Cause? {
        guard view.isUnschedulable else { return nil }
        return Cause(
            kind: .nodeCordoned, summary: "the node is cordoned; it is filled all the same, after the others",
            evidence: [evidence("Node/\(node)", "spec.unschedulable", "true")],
            nextStep: "kubectl uncordon \(node), when it's to be used again",
            planned: plannedWhileCordoned(isTarget: isTarget))
    }

    private func plannedWhileCordoned(isTarget: Bool) -> String {
        guard isTarget else { return "nothing, since it isn't selected" }
        return snapshot.configuration.runtimeSocket == .none
            ? "its kubelet pulls what our pod needs, as on any other node"
            : "when pulls are handed out, it comes after the other nodes"
    }

    private func notSelected(_ view: NodeView) -> Cause {
        let scheduling = snapshot.configuration.scheduling
        if let set = snapshot.set, set != ImageSet.defaultName {
            return Cause(
                kind: .notSelected, summary: "the image set \(set) isn't for this node",
                evidence: [
                    evidence("image set \(set)", "nodes", "it selects \(counted(snapshot.targets.count, "other node"))")
                ],
                nextStep: "change what the set selects, if it's to be covered",
                planned: "nothing is pulled on it for this set until it is selected; then it is filled")
        }
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
                : "add a toleration to TOLERATIONS in the ConfigMap, if it's to be covered",
            planned: "nothing is pulled on it until it is selected; then it is filled")
    }

    // MARK: The disk

    private func diskPressure(_ view: NodeView) -> Cause? {
        guard view.hasDiskPressure else { return nil }
        let condition = view.conditions.first { $0.type == "DiskPressure" }
        var found = [
            evidence(
                "Node/\(node)", "status.conditions[DiskPressure]",
                condition.map { [$0.status, $0.reason, $0.message].filter { !$0.isEmpty }.joined(separator: ", ") }
                    ?? "True", since: condition?.since)
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
        let free = Double(disk.freeBytes) / Double(max(1, disk.capacityBytes))
        let percent = 100 - Int(saturating: 100 * min(1, free))
        return "\(SpanText.bytes(Int64(clamping: disk.freeBytes))) free of "
            + "\(SpanText.bytes(Int64(clamping: disk.capacityBytes))), \(percent) % used"
    }
}
