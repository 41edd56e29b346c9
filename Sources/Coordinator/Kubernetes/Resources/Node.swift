/// `core/v1 Node`, without the image list that it may carry: that one is cut at 50.
struct Node: KubernetesResource, Hashable {
    static let resourceType = ResourceType.nodes

    var metadata = ObjectMeta()
    var spec: Spec?
    var status: Status?

    struct Spec: Codable, Sendable, Hashable {
        /// Cordoned.
        var unschedulable: Bool?
        var taints: [Taint]?
    }

    struct Taint: Codable, Sendable, Hashable {
        var key: String
        var value: String?
        /// `NoSchedule`, `PreferNoSchedule`, `NoExecute`.
        var effect: String
    }

    struct Status: Codable, Sendable, Hashable {
        var conditions: [Condition]?
        /// Quantities for pods, by resource name: `memory`, `cpu`, `pods`, …
        var allocatable: [String: String]?
        var nodeInfo: Info?
    }

    struct Info: Codable, Sendable, Hashable {
        var operatingSystem: String?
        var architecture: String?
        var kubeletVersion: String?
        /// Such as `containerd://1.6.20`.
        var containerRuntimeVersion: String?
        var bootID: String?
    }

    /// Whether the node's kubelet says that it is ready; nil when the condition is missing.
    var isReady: Bool? { status?.conditions?.first { $0.type == "Ready" }.map { $0.status == "True" } }
}

/// One condition of a node or a pod.
struct Condition: Codable, Sendable, Hashable {
    var type: String
    /// `True`, `False` or `Unknown`.
    var status: String
    var reason: String?
    var message: String?
    var lastTransitionTime: KubernetesTime?
}
