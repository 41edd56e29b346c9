import Cluster

/// `TOLERATIONS`: an array of `core/v1 Toleration`, held to the API server's rules.
enum TolerationsParser {
    static func parse(_ text: String) throws(ValueFault) -> [Toleration] {
        guard let root = try JSONCursor.root(text) else { return [] }
        var tolerations: [Toleration] = []
        for cursor in try root.array() { tolerations.append(try toleration(cursor)) }
        return tolerations
    }

    private static func toleration(_ cursor: JSONCursor) throws(ValueFault) -> Toleration {
        let fields = try cursor.fields(["key", "operator", "value", "effect", "tolerationSeconds"])
        var result = Toleration()
        // Kubernetes reads an empty string as an absent field.
        if let key = fields["key"], !(try key.string()).isEmpty {
            let text = try key.string()
            try LabelsParser.checkKey(text, at: key, what: "taint's")
            result.key = text
        }
        if let word = fields["operator"], !(try word.string()).isEmpty {
            result.operator = try word.word(Toleration.Operator.self)
        }
        if let value = fields["value"], !(try value.string()).isEmpty {
            guard result.operator != .exists else {
                throw value.fault("with the operator Exists there can be no value", next: "remove the value")
            }
            result.value = try value.string()
            guard KubernetesName.isLabelValue(result.value ?? "") else {
                throw value.fault(
                    "\"\(Redaction.quote(result.value ?? "", limit: 70))\" can't be a taint's value",
                    next: "write up to 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends")
            }
        }
        if let effect = fields["effect"], !(try effect.string()).isEmpty {
            result.effect = try effect.word(TaintEffect.self)
        }
        if let seconds = fields["tolerationSeconds"] {
            guard result.effect == .noExecute else {
                throw seconds.fault(
                    "seconds count for the effect NoExecute alone", next: "remove them, or add \"effect\":\"NoExecute\""
                )
            }
            result.tolerationSeconds = try seconds.integer()
        }
        if result.key == nil, result.operator != .exists {
            throw cursor.fault(
                "without a key the operator must be Exists",
                next: "add \"key\", or \"operator\":\"Exists\" for every taint")
        }
        return result
    }
}
