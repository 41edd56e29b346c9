import Cluster
import Formatting
import ImageSets
import Planning

/// The startup taint of `NODE_READY_TAINT`.
extension NodeDiagnosis {
    func keptBack(_ view: NodeView) -> Cause? {
        let scheduling = snapshot.configuration.scheduling
        guard let gate = scheduling.nodeReadyGate, gate.isClosed(on: view) else { return nil }
        let ready = view.conditions.first { $0.type == "Ready" }
        let byHand =
            "kubectl taint nodes \(node) \(gate.taint.key):\(gate.taint.effect.rawValue)- lets other pods in now"
        let deadline = ready?.since.map { $0 + Double(gate.timeoutSeconds) }
        let isOverdue = deadline.map { $0 + 120 < snapshot.now } ?? false
        var nextStep = byHand
        let planned: String
        if !scheduling.selects(view) {
            nextStep += "; the coordinator only does so on nodes that it caches images on, or change what selects them"
            planned = "nothing: the taint stays until the node is selected, or somebody removes it"
        } else if !view.isReady {
            planned = "it is looked at when the node is ready"
        } else {
            if isOverdue {
                nextStep =
                    "see whether the coordinator may patch nodes (kubectl auth can-i patch nodes --as=ITS-ACCOUNT); its log and the "
                    + "Events on the ConfigMap say why; " + byHand
            }
            planned =
                "the coordinator removes the taint once every listed image is present, or at "
                + "\(deadline?.rfc3339 ?? "the timeout") (NODE_READY_TIMEOUT_SECONDS)"
        }
        return Cause(
            kind: .nodeKeptBack, summary: "the startup taint keeps other pods away from the node (NODE_READY_TAINT)",
            evidence: [
                evidence("Node/\(node)", "spec.taints", gate.taint.text),
                evidence(
                    "Node/\(node)", "status.conditions[Ready]", ready?.status ?? "the condition is missing",
                    since: ready?.since),
            ], nextStep: nextStep, planned: planned)
    }
}
