extension Scheduling {
    /// Whether a node with these properties has, or should have, the DaemonSet's pod.
    ///
    /// The DaemonSet's own `desiredNumberScheduled` can't be asked: it leaves out nodes that weren't ready when
    /// the DaemonSet was made. So the taints that say "not ready" and "unreachable" don't count here: such a node
    /// is a target that is in trouble.
    public func selects(_ node: NodeView) -> Bool { matches(node) && untoleratedTaints(of: node).isEmpty }

    /// Whether operating system, labels and name are those that are asked for, whatever taints there are.
    public func matches(_ node: NodeView) -> Bool {
        guard node.labels["kubernetes.io/os"] ?? "linux" == "linux" else { return false }
        guard nodeSelector.allSatisfy({ node.labels[$0.key] == $0.value }) else { return false }
        if let required = affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution {
            return required.nodeSelectorTerms.contains { $0.matches(node) }
        }
        return true
    }

    /// The taints that keep the DaemonSet's pod away from the node.
    public func untoleratedTaints(of node: NodeView) -> [Taint] {
        guard !node.taints.isEmpty else { return [] }
        let tolerations = podTolerations
        return node.taints.filter { taint in
            taint.effect != .preferNoSchedule && !Self.toleratedByDaemonSets.contains(taint.key)
                && !tolerations.contains { $0.tolerates(taint) }
        }
    }

    /// The DaemonSet controller adds tolerations for these, and the node's own trouble is reported otherwise.
    /// https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations
    private static let toleratedByDaemonSets: Set<String> = [
        "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "node.kubernetes.io/disk-pressure",
        "node.kubernetes.io/memory-pressure", "node.kubernetes.io/pid-pressure", "node.kubernetes.io/unschedulable",
    ]
}

extension NodeSelectorTerm {
    func matches(_ node: NodeView) -> Bool {
        let expressions = matchExpressions ?? []
        let fields = matchFields ?? []
        guard !expressions.isEmpty || !fields.isEmpty else { return false }
        return expressions.allSatisfy { $0.matches(node.labels[$0.key]) }
            && fields.allSatisfy { $0.matches($0.key == "metadata.name" ? node.name : nil) }
    }
}

extension NodeSelectorRequirement {
    func matches(_ value: String?) -> Bool {
        let values = values ?? []
        switch `operator` {
        case .in: return value.map(values.contains) ?? false
        case .notIn: return value.map { !values.contains($0) } ?? true
        case .exists: return value != nil
        case .doesNotExist: return value == nil
        case .greaterThan, .lessThan:
            guard let number = value.flatMap({ Int64($0) }), let bound = values.first.flatMap({ Int64($0) }) else {
                return false
            }
            return `operator` == .greaterThan ? number > bound : number < bound
        }
    }
}

extension Toleration {
    func tolerates(_ taint: Taint) -> Bool {
        if let effect, effect != taint.effect { return false }
        guard let key, !key.isEmpty else { return `operator` == .exists }
        guard key == taint.key else { return false }
        return `operator` == .exists || value ?? "" == taint.value ?? ""
    }
}
