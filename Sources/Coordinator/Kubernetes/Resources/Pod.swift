/// `core/v1 Pod`: where it runs and how its containers do.
struct Pod: KubernetesResource, Hashable {
    static let resourceType = ResourceType.pods

    var metadata = ObjectMeta()
    var spec: Spec?
    var status: Status?

    struct Spec: Codable, Sendable, Hashable {
        /// Empty until the pod is scheduled.
        var nodeName: String?
        var serviceAccountName: String?
        var initContainers: [Container]?
        var containers: [Container]?
        var affinity: Affinity?

        /// The node that a DaemonSet made the pod for; its controller writes it as a required affinity for the
        /// scheduler to obey.
        var intendedNode: String? {
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

    struct Container: Codable, Sendable, Hashable {
        var name: String
        var image: String?
    }

    struct Status: Codable, Sendable, Hashable {
        /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`. Stays `Running` on a node that died.
        var phase: String?
        var reason: String?
        var message: String?
        var conditions: [Condition]?
        /// Not in the order of the spec: match by name.
        var initContainerStatuses: [ContainerStatus]?
        /// Not in the order of the spec: match by name.
        var containerStatuses: [ContainerStatus]?
    }

    struct ContainerStatus: Codable, Sendable, Hashable {
        var name: String
        /// Not what the spec says: a container by digest is reported with a tag of the same image.
        var image: String?
        /// Not empty means that the image was pulled, even when the container then failed.
        var imageID: String?
        var ready: Bool?
        var started: Bool?
        var restartCount: Int?
        var state: ContainerState?
        var lastState: ContainerState?
    }

    /// One of the three is set.
    struct ContainerState: Codable, Sendable, Hashable {
        var waiting: Waiting?
        var running: Running?
        var terminated: Terminated?

        struct Waiting: Codable, Sendable, Hashable {
            var reason: String?
            var message: String?
        }

        struct Running: Codable, Sendable, Hashable {
            var startedAt: KubernetesTime?
        }

        struct Terminated: Codable, Sendable, Hashable {
            var exitCode: Int
            var reason: String?
            var message: String?
            var finishedAt: KubernetesTime?
        }
    }

    var isReady: Bool { status?.conditions?.contains { $0.type == "Ready" && $0.status == "True" } ?? false }
}
