import Shared

/// Which nodes the DaemonSet selects, in the words of a pod spec.
public struct Scheduling: Sendable, Hashable, Codable {
    public var nodeSelector: [String: String] = [:]
    public var affinity = Affinity()
    /// As the user wrote them.
    public var tolerations: [Toleration] = []
    /// Nil: nodes aren't kept back until their images are there.
    public var nodeReadyGate: NodeReadyGate?

    public init() {}

    /// The nodes of these names.
    public static func named(_ names: [String]) -> Scheduling {
        var scheduling = Scheduling()
        scheduling.affinity.nodeAffinity = NodeAffinity()
        // A requirement on a name takes one value; terms are alternatives.
        scheduling.affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution = NodeSelector(
            nodeSelectorTerms: names.map { name in
                NodeSelectorTerm(matchFields: [.init(key: "metadata.name", operator: .in, values: [name])])
            })
        return scheduling
    }

    /// Of the nodes that it selects those of these names.
    public func narrowed(to names: [String]) -> Scheduling {
        let named = Self.named(names).affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
        guard let named else { return self }
        var narrow = self
        var nodeAffinity = affinity.nodeAffinity ?? NodeAffinity()
        var terms = named.nodeSelectorTerms
        if let own = nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution {
            // A term without any requirement matches no node, and would match the named one.
            let whole = own.nodeSelectorTerms.filter {
                !($0.matchExpressions ?? []).isEmpty || !($0.matchFields ?? []).isEmpty
            }
            guard !whole.isEmpty else { return self }
            terms = whole.flatMap { term in
                named.nodeSelectorTerms.map { name in
                    NodeSelectorTerm(
                        matchExpressions: term.matchExpressions,
                        matchFields: (term.matchFields ?? []) + (name.matchFields ?? []))
                }
            }
        }
        nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution = NodeSelector(nodeSelectorTerms: terms)
        narrow.affinity.nodeAffinity = nodeAffinity
        return narrow
    }

    /// Those of the DaemonSet's pods: they have to run on nodes that are kept back.
    public var podTolerations: [Toleration] {
        guard let gate = nodeReadyGate else { return tolerations }
        let isTolerated = tolerations.contains { $0.tolerates(gate.taint) && $0.tolerationSeconds == nil }
        return isTolerated ? tolerations : tolerations + [gate.toleration]
    }
}

/// `core/v1 Affinity`: node affinity decides the target nodes, the rest is handed through to the scheduler.
public struct Affinity: Sendable, Hashable, Codable {
    public var nodeAffinity: NodeAffinity?
    /// Accepted and passed on; a DaemonSet's pods are rarely told apart by them.
    public var podAffinity: JSONValue?
    public var podAntiAffinity: JSONValue?

    public init() {}

    public var isEmpty: Bool { nodeAffinity == nil && podAffinity == nil && podAntiAffinity == nil }
}

public struct NodeAffinity: Sendable, Hashable, Codable {
    public var requiredDuringSchedulingIgnoredDuringExecution: NodeSelector?
    public var preferredDuringSchedulingIgnoredDuringExecution: [PreferredSchedulingTerm]?

    public init() {}
}

/// Terms are alternatives: one that matches is enough.
public struct NodeSelector: Sendable, Hashable, Codable {
    public var nodeSelectorTerms: [NodeSelectorTerm]

    public init(nodeSelectorTerms: [NodeSelectorTerm]) { self.nodeSelectorTerms = nodeSelectorTerms }
}

/// All its requirements must hold; a term without any matches no node.
public struct NodeSelectorTerm: Sendable, Hashable, Codable {
    public var matchExpressions: [NodeSelectorRequirement]?
    /// Only `metadata.name` exists as a field.
    public var matchFields: [NodeSelectorRequirement]?

    public init(matchExpressions: [NodeSelectorRequirement]? = nil, matchFields: [NodeSelectorRequirement]? = nil) {
        self.matchExpressions = matchExpressions
        self.matchFields = matchFields
    }
}

public struct PreferredSchedulingTerm: Sendable, Hashable, Codable {
    public var weight: Int
    public var preference: NodeSelectorTerm

    public init(weight: Int, preference: NodeSelectorTerm) {
        self.weight = weight
        self.preference = preference
    }
}

public struct NodeSelectorRequirement: Sendable, Hashable, Codable {
    public enum Operator: String, Sendable, Hashable, Codable, CaseIterable {
        case `in` = "In"
        case notIn = "NotIn"
        case exists = "Exists"
        case doesNotExist = "DoesNotExist"
        case greaterThan = "Gt"
        case lessThan = "Lt"
    }

    public var key: String
    public var `operator`: Operator
    public var values: [String]?

    public init(key: String, operator: Operator, values: [String]? = nil) {
        self.key = key
        self.operator = `operator`
        self.values = values
    }
}

public struct Toleration: Sendable, Hashable, Codable {
    public enum Operator: String, Sendable, Hashable, Codable, CaseIterable {
        case equal = "Equal"
        case exists = "Exists"
    }

    public var key: String?
    /// Nil means equal.
    public var `operator`: Operator?
    public var value: String?
    /// Nil tolerates every effect.
    public var effect: TaintEffect?
    public var tolerationSeconds: Int?

    public init(
        key: String? = nil, operator: Operator? = nil, value: String? = nil, effect: TaintEffect? = nil,
        tolerationSeconds: Int? = nil
    ) {
        self.key = key
        self.operator = `operator`
        self.value = value
        self.effect = effect
        self.tolerationSeconds = tolerationSeconds
    }
}

public enum TaintEffect: String, Sendable, Hashable, Codable, CaseIterable {
    case noSchedule = "NoSchedule"
    case preferNoSchedule = "PreferNoSchedule"
    case noExecute = "NoExecute"
}

public struct Taint: Sendable, Hashable, Codable {
    public var key: String
    public var value: String?
    public var effect: TaintEffect

    public init(key: String, value: String? = nil, effect: TaintEffect) {
        self.key = key
        self.value = value
        self.effect = effect
    }
}
