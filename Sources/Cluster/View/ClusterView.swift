/// What the watches tell of the cluster: its nodes, and our DaemonSets' pods on them.
public struct ClusterView: Sendable, Equatable {
    /// Whether nodes and pods have been listed whole at least once. Until then nothing is concluded from a
    /// node or pod that isn't here.
    public var isSynced = false
    public var nodes: [String: NodeView] = [:]
    /// Those of all image sets' DaemonSets.
    public var pods = PodTable()
    /// Pods of those DaemonSets that the scheduler hasn't found a place for yet, by their UID; their nodes are those that
    /// they are meant for.
    public var unscheduled: [String: PodView] = [:]
    /// Pods that were made so that kubelets pull, by their UID.
    public var pullPods: [String: PullPodView] = [:]

    public init() {}
}

/// A node, as far as planning and reports need it.
public struct NodeView: Sendable, Equatable {
    public var name: String
    public var uid: String
    /// `metadata.creationTimestamp`, in whole seconds; nil: not told.
    public var createdAt: Timestamp?
    public var labels: [String: String] = [:]
    public var taints: [Taint] = []
    /// Condition `Ready` is `True`.
    public var isReady = true
    /// Cordoned.
    public var isUnschedulable = false
    /// Condition `DiskPressure` is `True`.
    public var hasDiskPressure = false
    /// `Ready`, and whatever pressure there is.
    public var conditions: [ConditionView] = []
    /// What the node can give to pods (`status.allocatable`), as Kubernetes writes quantities. Nil: not told.
    public var allocatableMemory: String?
    public var allocatableCPU: String?
    /// The runtime that its kubelet uses: `containerd://2.1.4`. Empty: not told.
    public var containerRuntimeVersion = ""

    public init(name: String, uid: String) {
        self.name = name
        self.uid = uid
    }

    /// The well-known label `topology.kubernetes.io/zone`.
    public var zone: String? { labels["topology.kubernetes.io/zone"] }

    /// The well-known label `kubernetes.io/arch`: `amd64`, `arm64` …
    public var architecture: String? { labels["kubernetes.io/arch"] }

    /// `os/arch`, by the well-known labels; without them it is Linux on x86-64.
    public var platform: String { "\(labels["kubernetes.io/os"] ?? "linux")/\(architecture ?? "amd64")" }
}

/// One pod of a DaemonSet of ours.
public struct PodView: Sendable, Equatable {
    /// The image set of the main ConfigMap.
    public static let defaultSet = "default"

    /// The image set whose DaemonSet has made it.
    public var set = PodView.defaultSet
    public var name: String
    public var uid: String
    public var node: String
    /// The annotation `image-puller/template`: which template the pod was made from.
    public var template: String?
    /// The annotation `image-puller/frame`: the same of its template without the images that are held. Nil where no container
    /// may be added to the pod.
    public var frame: String?
    /// The annotation `image-puller/replaces-nothing`: no pod that held anything was deleted for it.
    public var replacesNothing = false
    public var isTerminating = false
    /// Ephemeral ones that we have added, too.
    public var containers: [String: ContainerView] = [:]
    /// The images of its containers, ephemeral ones that we have added included, as its spec has them; empty without a ``frame``.
    public var images: [String: String] = [:]
    /// The names of ephemeral containers that somebody else has added, as `kubectl debug` does: no others can have them.
    public var foreignContainers: Set<String> = []
    /// The container that copies `sleep`, before all others. Nil when it has done so, or nobody tells.
    public var initContainer: ContainerView?
    public var createdAt: Timestamp?
    /// Why it is as it is, in the words of the scheduler or the kubelet; mostly empty.
    public var reason = ""
    public var message = ""

    public init(name: String, uid: String, node: String) {
        self.name = name
        self.uid = uid
        self.node = node
    }
}

/// The state of one container, from its pod's status.
public struct ContainerView: Sendable, Equatable {
    public var isRunning = false
    /// Kubelet's word for why it waits: `ErrImageNeverPull`, `CreateContainerError` …
    public var waitingReason: String?
    public var waitingMessage: String?
    /// Not empty: the image was there when the container was made.
    public var imageID = ""
    /// It was added to the running pod.
    public var isEphemeral = false

    public init() {}
}
