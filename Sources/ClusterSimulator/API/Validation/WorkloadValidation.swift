import Shared

/// The checks that everything with a selector and a pod template shares.
enum WorkloadValidation {
    /// - Parameter word: what messages call the type: `daemonset`.
    static func faults(_ object: JSONValue, old: JSONValue?, word: String) -> [FieldFault] {
        let spec = object["spec"] ?? .object([:])
        var faults: [FieldFault] = []
        if let old, let before = old.at("spec", "selector"), let after = spec["selector"], before != after {
            faults.append(.invalid("spec.selector", after, "field is immutable"))
        }
        let template = spec["template"] ?? .object([:])
        if let selector = spec["selector"] {
            let isEmpty =
                (selector["matchLabels"]?.objectValue ?? [:]).isEmpty
                && (selector["matchExpressions"]?.arrayValue ?? []).isEmpty
            if isEmpty {
                faults.append(.invalid("spec.selector", selector, "empty selector is invalid for \(word)"))
            } else if !matches(selector, template.labels) {
                let labels: JSONValue = template.at("metadata", "labels") ?? .null
                faults.append(
                    .invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"))
            }
        } else {
            faults.append(.required("spec.selector"))
        }
        faults += ObjectValidation.labelFaults(template, "spec.template.metadata")
        let pod = template["spec"] ?? .object([:])
        faults += PodSpecValidation.faults(pod, "spec.template.spec")
        if let policy = pod["restartPolicy"], policy != "Always" {
            faults.append(.notSupported("spec.template.spec.restartPolicy", policy, ["Always"]))
        }
        return faults
    }

    static func matches(_ selector: JSONValue, _ labels: [String: String]) -> Bool {
        let wanted = selector["matchLabels"]?.stringMap ?? [:]
        guard wanted.allSatisfy({ labels[$0.key] == $0.value }) else { return false }
        return (selector["matchExpressions"]?.arrayValue ?? []).allSatisfy {
            LabelExpression($0).matches(labels)
        }
    }
}

/// One term of `matchExpressions`: of a label selector, or of a node selector.
struct LabelExpression {
    let key: String
    let `operator`: String
    let values: [String]

    init(_ value: JSONValue) {
        key = value["key"]?.stringValue ?? ""
        `operator` = value["operator"]?.stringValue ?? ""
        values = value["values"]?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    func matches(_ labels: [String: String]) -> Bool {
        let label = labels[key]
        switch `operator` {
        case "In": return label.map(values.contains) ?? false
        case "NotIn": return label.map { !values.contains($0) } ?? true
        case "Exists": return label != nil
        case "DoesNotExist": return label == nil
        case "Gt": return compare(label) { $0 > $1 }
        case "Lt": return compare(label) { $0 < $1 }
        default: return false
        }
    }

    private func compare(_ label: String?, _ rule: (Int, Int) -> Bool) -> Bool {
        guard let label, let number = Int(label), values.count == 1, let limit = Int(values[0]) else { return false }
        return rule(number, limit)
    }
}
