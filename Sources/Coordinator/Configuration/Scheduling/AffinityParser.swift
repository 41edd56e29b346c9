import Cluster
import Shared

/// `AFFINITY`: a `core/v1 Affinity`, held to the API server's rules.
enum AffinityParser {
    private static let required = "requiredDuringSchedulingIgnoredDuringExecution"
    private static let preferred = "preferredDuringSchedulingIgnoredDuringExecution"

    static func parse(_ text: String) throws(ValueFault) -> Affinity {
        guard let root = try JSONCursor.root(text) else { return Affinity() }
        let fields = try root.fields(["nodeAffinity", "podAffinity", "podAntiAffinity"])
        var affinity = Affinity()
        if let node = fields["nodeAffinity"] { affinity.nodeAffinity = try nodeAffinity(node) }
        if let pod = fields["podAffinity"] {
            try PodAffinityCheck.check(pod)
            affinity.podAffinity = pod.node.value
        }
        if let pod = fields["podAntiAffinity"] {
            try PodAffinityCheck.check(pod)
            affinity.podAntiAffinity = pod.node.value
        }
        return affinity
    }

    private static func nodeAffinity(_ cursor: JSONCursor) throws(ValueFault) -> NodeAffinity {
        let fields = try cursor.fields([required, preferred])
        var affinity = NodeAffinity()
        if let selector = fields[required] {
            guard let terms = try selector.fields(["nodeSelectorTerms"])["nodeSelectorTerms"] else {
                throw selector.fault("nodeSelectorTerms is missing", next: "add \"nodeSelectorTerms\":[…]")
            }
            var parsed: [NodeSelectorTerm] = []
            for element in try terms.array() { parsed.append(try term(element)) }
            guard !parsed.isEmpty else {
                throw terms.fault("there must be at least one term", next: "add a term, or remove \(required)")
            }
            affinity.requiredDuringSchedulingIgnoredDuringExecution = NodeSelector(nodeSelectorTerms: parsed)
        }
        if let list = fields[preferred] {
            var parsed: [PreferredSchedulingTerm] = []
            for element in try list.array() { parsed.append(try preference(element)) }
            affinity.preferredDuringSchedulingIgnoredDuringExecution = parsed
        }
        return affinity
    }

    private static func preference(_ cursor: JSONCursor) throws(ValueFault) -> PreferredSchedulingTerm {
        let fields = try cursor.fields(["weight", "preference"])
        guard let weight = fields["weight"], let preference = fields["preference"] else {
            throw cursor.fault("weight and preference are needed", next: "add the one that is missing")
        }
        let number = try weight.integer()
        guard (1...100).contains(number) else {
            throw weight.fault("\(number) is no weight", next: "write a whole number from 1 to 100")
        }
        return PreferredSchedulingTerm(weight: number, preference: try term(preference))
    }

    private static func term(_ cursor: JSONCursor) throws(ValueFault) -> NodeSelectorTerm {
        let fields = try cursor.fields(["matchExpressions", "matchFields"])
        var term = NodeSelectorTerm()
        if let list = fields["matchExpressions"] {
            var requirements: [NodeSelectorRequirement] = []
            for element in try list.array() { requirements.append(try requirement(element)) }
            term.matchExpressions = requirements
        }
        if let list = fields["matchFields"] {
            var requirements: [NodeSelectorRequirement] = []
            for element in try list.array() { requirements.append(try fieldRequirement(element)) }
            term.matchFields = requirements
        }
        return term
    }

    private static func requirement(_ cursor: JSONCursor) throws(ValueFault) -> NodeSelectorRequirement {
        let requirement = try rawRequirement(cursor)
        try LabelsParser.checkKey(requirement.key, at: cursor, what: "label's")
        let values = requirement.values ?? []
        switch requirement.operator {
        case .in, .notIn:
            for value in values where !KubernetesName.isLabelValue(value) {
                throw cursor.fault(
                    "\"\(Redaction.quote(value, limit: 70))\" can't be a label's value",
                    next: "write one that a node has")
            }
            guard !values.isEmpty else {
                throw cursor.fault("\(requirement.operator.rawValue) needs values", next: "add \"values\":[\"…\"]")
            }
        case .exists, .doesNotExist:
            guard values.isEmpty else {
                throw cursor.fault("\(requirement.operator.rawValue) takes no values", next: "remove the values")
            }
        case .greaterThan, .lessThan:
            guard values.count == 1, let value = values.first, Int64(value) != nil else {
                throw cursor.fault(
                    "\(requirement.operator.rawValue) takes one value, a whole number in quotes",
                    next: "write \"values\":[\"4\"]")
            }
        }
        return requirement
    }

    private static func fieldRequirement(_ cursor: JSONCursor) throws(ValueFault) -> NodeSelectorRequirement {
        let requirement = try rawRequirement(cursor)
        guard requirement.key == "metadata.name" else {
            throw cursor.fault("the only field is metadata.name", next: "use matchExpressions for labels")
        }
        guard requirement.operator == .in || requirement.operator == .notIn, requirement.values?.count == 1 else {
            throw cursor.fault(
                "a field takes the operator In or NotIn, and one value", next: "use a term for each node")
        }
        return requirement
    }

    private static func rawRequirement(_ cursor: JSONCursor) throws(ValueFault) -> NodeSelectorRequirement {
        let fields = try cursor.fields(["key", "operator", "values"])
        guard let key = fields["key"], let word = fields["operator"] else {
            throw cursor.fault("key and operator are needed", next: "add the one that is missing")
        }
        var values: [String]?
        if let list = fields["values"] {
            var strings: [String] = []
            for element in try list.array() { strings.append(try element.string()) }
            values = strings
        }
        return NodeSelectorRequirement(
            key: try key.string(), operator: try word.word(NodeSelectorRequirement.Operator.self), values: values)
    }
}
