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

    /// The UID: unique on the node.
    public let id: String
    public let initContainers: [Container]
    public let containers: [Container]

    public init(id: String, initContainers: [Container] = [], containers: [Container]) {
        self.id = id
        self.initContainers = initContainers
        self.containers = containers
    }
}
