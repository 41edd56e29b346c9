import Cluster
import Formatting
import ImageSets

/// `NODE_READY_TAINT`: `key=value:effect`, or `key:effect`, as kubectl and kubelets write taints.
enum NodeReadyTaint {
    private static let example = "write key=value:effect, such as image-puller/not-ready=true:NoSchedule"

    static func parse(_ text: String) throws(ValueFault) -> Taint {
        guard !text.contains(",") else {
            throw ValueFault("\"\(Redaction.quote(text))\" is more than one taint", next: "write one")
        }
        guard let colon = text.lastIndex(of: ":") else {
            throw ValueFault("\"\(Redaction.quote(text))\" names no effect", next: example)
        }
        let effect = try effect(String(text[text.index(after: colon)...]))
        let parts = text[..<colon].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let key = parts.first.map(String.init) ?? ""
        guard KubernetesName.isQualified(key) else {
            throw ValueFault("\"\(Redaction.quote(key, limit: 70))\" can't be a taint's key", next: example)
        }
        if let owner = kubernetesDomains.first(where: { key.hasPrefix($0 + "/") }) {
            throw ValueFault(
                "taints of \(owner) are Kubernetes' own: it puts them there and takes them away",
                next: "write a taint of your own, such as image-puller/not-ready:NoSchedule")
        }
        let value = parts.count > 1 ? String(parts[1]) : nil
        guard KubernetesName.isLabelValue(value ?? "") else {
            throw ValueFault("\"\(Redaction.quote(value ?? "", limit: 70))\" can't be a taint's value", next: example)
        }
        return Taint(key: key, value: value.flatMap { $0.isEmpty ? nil : $0 }, effect: effect)
    }

    /// https://kubernetes.io/docs/reference/labels-annotations-taints/
    private static let kubernetesDomains = [
        "node.kubernetes.io", "node.cloudprovider.kubernetes.io", "node-role.kubernetes.io",
    ]

    private static func effect(_ word: String) throws(ValueFault) -> TaintEffect {
        if let effect = TaintEffect(rawValue: word) { return effect }
        let words = TaintEffect.allCases.map(\.rawValue)
        let nearest = NearestName.to(word, in: words)
        throw ValueFault(
            "\"\(Redaction.quote(word, limit: 40))\" is no effect of a taint",
            next: nearest.map { "did you mean \($0)?" } ?? "write \(words.joined(separator: ", ")) after the colon")
    }
}

extension ConfigurationReading {
    mutating func readNodeReadyGate() {
        guard let range = ConfigurationKey.nodeReadyTimeoutSeconds.range else { return }
        let timeout = value(.nodeReadyTimeoutSeconds) { text throws(ValueFault) in
            try WholeNumber.parse(text, range: range)
        }
        if let taint = value(.nodeReadyTaint, NodeReadyTaint.parse) {
            configuration.scheduling.nodeReadyGate = NodeReadyGate(
                taint: taint, timeoutSeconds: timeout ?? NodeReadyGate.defaultTimeoutSeconds)
            if taint.effect == .preferNoSchedule {
                note(
                    .warning, .nodeReadyTaint, "PreferNoSchedule keeps no pod away when other nodes are full",
                    next: "write NoSchedule, if nodes are to wait for their images")
            }
        } else if let timeout, timeout != NodeReadyGate.defaultTimeoutSeconds, text(.nodeReadyTaint) == nil {
            note(.info, .nodeReadyTimeoutSeconds, "without NODE_READY_TAINT it has no effect")
        }
    }
}
