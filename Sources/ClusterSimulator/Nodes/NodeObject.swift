import ClusterModel
import FoundationEssentials
import Shared

/// A node as an API object: what its kubelet registers, and what becomes of it when the kubelet falls silent.
struct NodeObject {
    let scenario: NodeScenario
    /// Counts the nodes: addresses follow from it.
    let number: Int

    var address: String { "10.88.\(number / 200).\(number % 200 + 11)" }

    func object(at now: Date) -> JSONValue {
        let architecture = scenario.architecture ?? "amd64"
        var labels: [String: JSONValue] = [
            "kubernetes.io/hostname": .string(scenario.name), "kubernetes.io/os": "linux",
            "kubernetes.io/arch": .string(architecture), "beta.kubernetes.io/os": "linux",
            "beta.kubernetes.io/arch": .string(architecture),
        ]
        if let zone = scenario.zone {
            labels["topology.kubernetes.io/zone"] = .string(zone)
            labels["topology.kubernetes.io/region"] = "simulated"
        }
        for (key, value) in scenario.labels ?? [:] { labels[key] = .string(value) }
        var spec: JSONValue = .object([:])
        if let taints = scenario.taints { spec["taints"] = .array(taints) }
        return [
            "apiVersion": "v1", "kind": "Node",
            "metadata": [
                "name": .string(scenario.name), "labels": .object(labels),
                "annotations": ["node.alpha.kubernetes.io/ttl": "0"],
            ],
            "spec": spec,
            "status": status(at: now),
        ]
    }

    func status(at now: Date) -> JSONValue {
        let disk = Int64((scenario.diskGigabytes ?? 100) * 1_000_000_000)
        func resources(_ disk: Int64, memory: String) -> JSONValue {
            [
                "cpu": .string(scenario.cpu ?? "4"), "memory": .string(scenario.memory ?? memory),
                "ephemeral-storage": .string("\(disk)"), "pods": "110",
                "hugepages-1Gi": "0", "hugepages-2Mi": "0",
            ]
        }
        let identity = StableHash.hex64("machine \(scenario.name)")
        return [
            "addresses": [
                ["type": "InternalIP", "address": .string(address)],
                ["type": "Hostname", "address": .string(scenario.name)],
            ],
            "allocatable": resources(disk * 9 / 10, memory: "16231244Ki"),
            "capacity": resources(disk, memory: "16333644Ki"),
            "conditions": .array(Self.conditions.map { $0.alive(at: now) }),
            "daemonEndpoints": ["kubeletEndpoint": ["Port": 10250]],
            "images": .array([]),
            "nodeInfo": [
                "architecture": .string(scenario.architecture ?? "amd64"), "operatingSystem": "linux",
                "bootID": .string(UUID().uuidString.lowercased()), "machineID": .string(String(identity.prefix(32))),
                "systemUUID": .string(String(identity.prefix(32))), "kernelVersion": "6.1.0-simulated",
                "kubeProxyVersion": "", "kubeletVersion": "v1.36.2",
                "containerRuntimeVersion": .string(scenario.runtimeFlavour.nodeInfo),
                "osImage": "Cluster simulator",
            ],
        ]
    }

    private struct Condition {
        let type: String
        let status: String
        let reason: String
        let message: String

        func alive(at now: Date) -> JSONValue {
            [
                "type": .string(type), "status": .string(status), "reason": .string(reason),
                "message": .string(message), "lastHeartbeatTime": .string(timestamp(now)),
                "lastTransitionTime": .string(timestamp(now)),
            ]
        }
    }

    private static let conditions = [
        Condition(
            type: "MemoryPressure", status: "False", reason: "KubeletHasSufficientMemory",
            message: "kubelet has sufficient memory available"),
        Condition(
            type: "DiskPressure", status: "False", reason: "KubeletHasNoDiskPressure",
            message: "kubelet has no disk pressure"),
        Condition(
            type: "PIDPressure", status: "False", reason: "KubeletHasSufficientPID",
            message: "kubelet has sufficient PID available"),
        Condition(
            type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status"),
    ]
}

extension NodeObject {
    private static let unreachable = "node.kubernetes.io/unreachable"

    /// What the node lifecycle controller makes of a node whose kubelet is silent.
    static func markUnreachable(_ node: inout JSONValue, at now: Date) {
        let time = JSONValue.string(timestamp(now))
        let conditions = (node.at("status", "conditions")?.arrayValue ?? []).map { condition in
            var condition = condition
            condition["status"] = "Unknown"
            condition["reason"] = "NodeStatusUnknown"
            condition["message"] = "Kubelet stopped posting node status."
            condition["lastTransitionTime"] = time
            return condition
        }
        node.set("status", "conditions", to: .array(conditions))
    }

    static func taint(_ node: inout JSONValue, unreachable isUnreachable: Bool, at now: Date) {
        var taints = (node.at("spec", "taints")?.arrayValue ?? []).filter { $0["key"]?.stringValue != unreachable }
        if isUnreachable {
            taints += ["NoExecute", "NoSchedule"].map {
                ["effect": .string($0), "key": .string(unreachable), "timeAdded": .string(timestamp(now))]
            }
        }
        node.set("spec", "taints", to: taints.isEmpty ? nil : .array(taints))
    }

    static func markReady(_ node: inout JSONValue, at now: Date) {
        node.set("status", "conditions", to: .array(conditions.map { $0.alive(at: now) }))
    }

    /// The images that a node's status shows: the largest 50 (`nodeStatusMaxImages`).
    static func images(_ images: [RuntimeModel.Image]) -> JSONValue {
        .array(
            images.sorted { ($1.size, $0.id) < ($0.size, $1.id) }.prefix(50).map { image in
                [
                    "names": .array((image.digests + image.tags).map(JSONValue.string)),
                    "sizeBytes": .integer(image.size),
                ]
            })
    }
}
