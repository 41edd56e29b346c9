/// Checks `podAffinity` and `podAntiAffinity`, which are passed on as they are: a wrong field would make the API server
/// refuse the whole DaemonSet.
enum PodAffinityCheck {
    static func check(_ cursor: JSONCursor) throws(ValueFault) {
        let required = "requiredDuringSchedulingIgnoredDuringExecution"
        let preferred = "preferredDuringSchedulingIgnoredDuringExecution"
        let fields = try cursor.fields([required, preferred])
        if let list = fields[required] {
            for element in try list.array() { try term(element) }
        }
        guard let list = fields[preferred] else { return }
        for element in try list.array() {
            let fields = try element.fields(["weight", "podAffinityTerm"])
            guard let weight = fields["weight"], let inner = fields["podAffinityTerm"] else {
                throw element.fault("weight and podAffinityTerm are needed", next: "add the one that is missing")
            }
            let number = try weight.integer()
            guard (1...100).contains(number) else {
                throw weight.fault("\(number) is no weight", next: "write a whole number from 1 to 100")
            }
            try term(inner)
        }
    }

    private static func term(_ cursor: JSONCursor) throws(ValueFault) {
        let fields = try cursor.fields([
            "labelSelector", "namespaceSelector", "namespaces", "topologyKey", "matchLabelKeys", "mismatchLabelKeys",
        ])
        guard let topology = fields["topologyKey"] else {
            throw cursor.fault("topologyKey is missing", next: "add \"topologyKey\":\"kubernetes.io/hostname\"")
        }
        try LabelsParser.checkKey(try topology.string(), at: topology, what: "label's")
        for name in ["namespaces", "matchLabelKeys", "mismatchLabelKeys"] {
            guard let list = fields[name] else { continue }
            for element in try list.array() { _ = try element.string() }
        }
        for name in ["labelSelector", "namespaceSelector"] {
            if let selector = fields[name] { try labelSelector(selector) }
        }
    }

    private enum Operator: String, CaseIterable {
        case `in` = "In"
        case notIn = "NotIn"
        case exists = "Exists"
        case doesNotExist = "DoesNotExist"
    }

    private static func labelSelector(_ cursor: JSONCursor) throws(ValueFault) {
        let fields = try cursor.fields(["matchLabels", "matchExpressions"])
        if let labels = fields["matchLabels"] {
            for (key, _, value) in try labels.strings() { try LabelsParser.checkKey(key, at: value, what: "label's") }
        }
        guard let list = fields["matchExpressions"] else { return }
        for element in try list.array() {
            let fields = try element.fields(["key", "operator", "values"])
            guard let key = fields["key"], let word = fields["operator"] else {
                throw element.fault("key and operator are needed", next: "add the one that is missing")
            }
            try LabelsParser.checkKey(try key.string(), at: key, what: "label's")
            let comparison = try word.word(Operator.self)
            let values = try fields["values"]?.array() ?? []
            for value in values { _ = try value.string() }
            let needsValues = comparison == .in || comparison == .notIn
            guard values.isEmpty != needsValues else {
                throw element.fault(
                    "\(comparison.rawValue) \(needsValues ? "needs values" : "takes no values")",
                    next: needsValues ? "add \"values\":[\"…\"]" : "remove the values")
            }
        }
    }
}
