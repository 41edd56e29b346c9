import Shared

/// What decides whether a pod may run on a node.
struct NodeView: Sendable {
    struct Taint: Sendable, Equatable {
        let key: String
        let value: String
        let effect: String
    }

    let name: String
    let labels: [String: String]
    let taints: [Taint]

    init(_ node: JSONValue) {
        name = node.name
        labels = node.labels
        taints = (node.at("spec", "taints")?.arrayValue ?? []).map {
            Taint(
                key: $0["key"]?.stringValue ?? "", value: $0["value"]?.stringValue ?? "",
                effect: $0["effect"]?.stringValue ?? "")
        }
    }
}

/// Whether a pod's spec allows a node: name, selector, required affinity, and taints. Resources are not looked at: no
/// DaemonSet controller does.
struct NodeMatcher: Sendable {
    private let nodeName: String
    private let selector: [String: String]
    private let terms: [JSONValue]?
    private let tolerations: [JSONValue]

    /// - Parameter tolerations: in place of the spec's own.
    init(_ spec: JSONValue, tolerations: [JSONValue]) {
        nodeName = spec["nodeName"]?.stringValue ?? ""
        selector = spec["nodeSelector"]?.stringMap ?? [:]
        terms =
            spec.at(
                "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")?
            .arrayValue
        self.tolerations = tolerations
    }

    /// Whether a new pod may be put there, and whether one that runs there may stay.
    func verdict(_ node: NodeView) -> (mayStart: Bool, mayStay: Bool) {
        guard nodeName.isEmpty || nodeName == node.name, fits(node) else { return (false, false) }
        let untolerated = node.taints.filter { taint in !tolerations.contains { tolerates($0, taint) } }
        let blocksStart = untolerated.contains { $0.effect == "NoSchedule" || $0.effect == "NoExecute" }
        return (!blocksStart, !untolerated.contains { $0.effect == "NoExecute" })
    }

    private func fits(_ node: NodeView) -> Bool {
        guard selector.allSatisfy({ node.labels[$0.key] == $0.value }) else { return false }
        guard let terms else { return true }
        return terms.contains { term in
            let expressions = term["matchExpressions"]?.arrayValue ?? []
            let fields = term["matchFields"]?.arrayValue ?? []
            guard !expressions.isEmpty || !fields.isEmpty else { return false }  // an empty term matches nothing
            return expressions.allSatisfy { LabelExpression($0).matches(node.labels) }
                && fields.allSatisfy { LabelExpression($0).matches(["metadata.name": node.name]) }
        }
    }

    private func tolerates(_ toleration: JSONValue, _ taint: NodeView.Taint) -> Bool {
        let effect = toleration["effect"]?.stringValue ?? ""
        let key = toleration["key"]?.stringValue ?? ""
        guard effect.isEmpty || effect == taint.effect, key.isEmpty || key == taint.key else { return false }
        if toleration["operator"] == "Exists" { return true }
        return !key.isEmpty && (toleration["value"]?.stringValue ?? "") == taint.value
    }
}
