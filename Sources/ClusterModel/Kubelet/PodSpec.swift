/// What a kubelet is told of a pod.
public struct PodSpec: Hashable, Sendable {
    public enum PullPolicy: String, Hashable, Sendable {
        case never = "Never"
        case ifNotPresent = "IfNotPresent"
        case always = "Always"
    }

    public struct Container: Hashable, Sendable {
        public let name: String
        /// As written in the pod.
        public let image: String
        public let policy: PullPolicy
        /// An init container, which ends well so long after it started. Nil: it runs until somebody ends it.
        public let exitsAfter: Seconds?

        public init(name: String, image: String, policy: PullPolicy, exitsAfter: Seconds? = nil) {
            self.name = name
            self.image = image
            self.policy = policy
            self.exitsAfter = exitsAfter
        }
    }

    /// One of the pod's `imagePullSecrets`.
    public struct PullSecret: Hashable, Sendable {
        /// Namespace, name and UID: unique in the cluster.
        public let id: String
        /// By the registry's host.
        public let credentials: [String: Credential]

        public init(id: String, credentials: [String: Credential]) {
            self.id = id
            self.credentials = credentials
        }

        /// Whether a kubelet takes the two for one: the object is the same, or what it holds.
        func isSame(as other: PullSecret) -> Bool { id == other.id || credentials == other.credentials }
    }

    /// The UID: unique on the node.
    public let id: String
    public let initContainers: [Container]
    public let containers: [Container]
    public let pullSecrets: [PullSecret]

    public init(
        id: String, initContainers: [Container] = [], containers: [Container], pullSecrets: [PullSecret] = []
    ) {
        self.id = id
        self.initContainers = initContainers
        self.containers = containers
        self.pullSecrets = pullSecrets
    }
}
