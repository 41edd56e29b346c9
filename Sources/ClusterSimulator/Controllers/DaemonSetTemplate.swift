import Shared

/// A DaemonSet's template, and what the controller makes of it.
struct DaemonSetTemplate: Sendable {
    static let hashLabel = "controller-revision-hash"

    let daemonSet: JSONValue
    let template: JSONValue
    /// Tells templates apart: the same content has the same hash.
    let hash: String
    /// The template's tolerations and those that every DaemonSet's pod gets.
    let tolerations: [JSONValue]

    init(_ daemonSet: JSONValue) {
        self.daemonSet = daemonSet
        template = daemonSet.at("spec", "template") ?? .object([:])
        hash = DaemonSetTemplate.hash(of: template)
        let own = template.at("spec", "tolerations")?.arrayValue ?? []
        let usesHostNetwork = template.at("spec", "hostNetwork") == true
        tolerations = own + DaemonSetTemplate.added(hostNetwork: usesHostNetwork).filter { !own.contains($0) }
    }

    var ownerReference: JSONValue {
        [
            "apiVersion": "apps/v1", "kind": "DaemonSet", "name": .string(daemonSet.name),
            "uid": .string(daemonSet.uid),
            "controller": true, "blockOwnerDeletion": true,
        ]
    }

    /// The generation that the pod's label says.
    var generation: String { daemonSet.annotations[Admission.templateGeneration] ?? "1" }

    /// The pod for a node. The scheduler reads the node from the affinity; here it has had its say, when there's room.
    func pod(on node: String) -> JSONValue {
        var labels = template.at("metadata", "labels") ?? .object([:])
        labels[DaemonSetTemplate.hashLabel] = .string(hash)
        labels["pod-template-generation"] = .string(generation)
        var metadata: JSONValue = [
            "generateName": .string("\(daemonSet.name)-"), "labels": labels, "ownerReferences": [ownerReference],
        ]
        metadata["annotations"] = template.at("metadata", "annotations")
        var spec = template["spec"] ?? .object([:])
        spec.set(
            "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution",
            to: [
                "nodeSelectorTerms": [
                    ["matchFields": [["key": "metadata.name", "operator": "In", "values": [.string(node)]]]]
                ]
            ])
        spec["tolerations"] = .array(tolerations)
        spec["nodeName"] = .string(node)
        return ["apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec]
    }

    /// The ControllerRevision that keeps this template.
    func revision(name: String, number: Int64) -> JSONValue {
        var kept = template
        kept["$patch"] = "replace"
        var labels = template.at("metadata", "labels") ?? .object([:])
        labels[DaemonSetTemplate.hashLabel] = .string(hash)
        var metadata: JSONValue = [
            "name": .string(name), "labels": labels, "ownerReferences": [ownerReference],
        ]
        metadata["annotations"] = daemonSet.at("metadata", "annotations")
        return [
            "apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": metadata,
            "data": ["spec": ["template": kept]], "revision": .integer(number),
        ]
    }

    /// The tolerations of every DaemonSet's pod, in the order of the real controller.
    private static func added(hostNetwork: Bool) -> [JSONValue] {
        let execute = ["not-ready", "unreachable"].map { ($0, "NoExecute") }
        let pressure = ["disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"].map { ($0, "NoSchedule") }
        let network = hostNetwork ? [("network-unavailable", "NoSchedule")] : []
        return (execute + pressure + network).map { name, effect in
            ["key": .string("node.kubernetes.io/\(name)"), "operator": "Exists", "effect": .string(effect)]
        }
    }

    /// FNV-1a of 32 bits, written in the letters that Kubernetes writes hashes in.
    private static func hash(of template: JSONValue) -> String {
        var hash: UInt32 = 2_166_136_261
        for byte in template.encoded() { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        return String(String(hash).utf8.map { alphabet[Int($0) % alphabet.count] })
    }
}
