/// `core/v1 Pod`: where it runs and how its containers do.
package struct Pod: KubernetesResource, Hashable {
    package static let resourceType = ResourceType.pods

    package var metadata = ObjectMeta()
    package var spec: Spec?
    package var status: Status?

    package init() {}

    package struct Spec: Codable, Sendable, Hashable {
        /// Empty until the pod is scheduled.
        package var nodeName: String?
        var serviceAccountName: String?
        package var initContainers: [Container]?
        package var containers: [Container]?
        /// Containers that were added while the pod ran. None is ever removed, changed or started again.
        package var ephemeralContainers: [EphemeralContainer]?
        var affinity: Affinity?

        package init() {}

        /// The node that a DaemonSet made the pod for; its controller writes it as a required affinity for the
        /// scheduler to obey.
        package var intendedNode: String? {
            affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms.lazy
                .compactMap {
                    $0.matchFields?.first { $0.key == "metadata.name" && $0.operator == "In" }?.values?.first
                }
                .first
        }
    }

    /// Only what tells which node a DaemonSet's pod is meant for.
    struct Affinity: Codable, Sendable, Hashable {
        var nodeAffinity: NodeAffinity?

        struct NodeAffinity: Codable, Sendable, Hashable {
            var requiredDuringSchedulingIgnoredDuringExecution: Required?
        }

        struct Required: Codable, Sendable, Hashable {
            var nodeSelectorTerms: [Term]
        }

        struct Term: Codable, Sendable, Hashable {
            var matchFields: [Field]?
        }

        struct Field: Codable, Sendable, Hashable {
            var key: String
            var `operator`: String
            var values: [String]?
        }
    }

    package struct Container: Codable, Sendable, Hashable {
        package var name: String
        package var image: String?
    }

    /// With its command, which tells who added it.
    package struct EphemeralContainer: Codable, Sendable, Hashable {
        package var name: String
        package var image: String?
        package var command: [String]?
    }

    package struct Status: Codable, Sendable, Hashable {
        /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`. Stays `Running` on a node that died.
        package var phase: String?
        package var reason: String?
        package var message: String?
        package var conditions: [Condition]?
        /// Not in the order of the spec: match by name.
        package var initContainerStatuses: [ContainerStatus]?
        /// Not in the order of the spec: match by name.
        package var containerStatuses: [ContainerStatus]?
        /// Not in the order of the spec: match by name.
        package var ephemeralContainerStatuses: [ContainerStatus]?

        package init() {}
    }

    package struct ContainerStatus: Codable, Sendable, Hashable {
        package var name: String
        /// Not what the spec says: a container by digest is reported with a tag of the same image.
        var image: String?
        /// Not empty means that the image was pulled, even when the container then failed.
        package var imageID: String?
        var ready: Bool?
        var started: Bool?
        var restartCount: Int?
        package var state: ContainerState?
        package var lastState: ContainerState?
    }

    /// One of the three is set.
    package struct ContainerState: Codable, Sendable, Hashable {
        package var waiting: Waiting?
        package var running: Running?
        package var terminated: Terminated?

        package init() {}

        package struct Waiting: Codable, Sendable, Hashable {
            package var reason: String?
            package var message: String?

            package init() {}
        }

        package struct Running: Codable, Sendable, Hashable {
            var startedAt: KubernetesTime?

            package init() {}
        }

        package struct Terminated: Codable, Sendable, Hashable {
            package var exitCode: Int
            package var reason: String?
            package var message: String?
            var finishedAt: KubernetesTime?
        }
    }

    var isReady: Bool { status?.conditions?.contains { $0.type == "Ready" && $0.status == "True" } ?? false }
}
