/// `core/v1 Node`, without the image list that it may carry: that one is cut at 50.
package struct Node: KubernetesResource, Hashable {
    package static let resourceType = ResourceType.nodes

    package var metadata = ObjectMeta()
    package var spec: Spec?
    package var status: Status?

    package init() {}

    package struct Spec: Codable, Sendable, Hashable {
        /// Cordoned.
        package var unschedulable: Bool?
        package var taints: [Taint]?

        package init() {}
    }

    package struct Taint: Codable, Sendable, Hashable {
        package var key: String
        package var value: String?
        /// `NoSchedule`, `PreferNoSchedule`, `NoExecute`.
        package var effect: String
    }

    package struct Status: Codable, Sendable, Hashable {
        package var conditions: [Condition]?
        /// Quantities for pods, by resource name: `memory`, `cpu`, `pods`, …
        package var allocatable: [String: String]?
        package var nodeInfo: Info?

        package init() {}
    }

    package struct Info: Codable, Sendable, Hashable {
        var operatingSystem: String?
        var architecture: String?
        var kubeletVersion: String?
        /// Such as `containerd://1.6.20`.
        package var containerRuntimeVersion: String?
        var bootID: String?

        package init() {}
    }

    /// Whether the node's kubelet says that it is ready; nil when the condition is missing.
    package var isReady: Bool? { status?.conditions?.first { $0.type == "Ready" }.map { $0.status == "True" } }
}

/// One condition of a node or a pod.
package struct Condition: Codable, Sendable, Hashable {
    package var type: String
    /// `True`, `False` or `Unknown`.
    package var status: String
    package var reason: String?
    package var message: String?
    package var lastTransitionTime: KubernetesTime?
}
