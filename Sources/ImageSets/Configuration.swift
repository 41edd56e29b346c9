import Cluster
import Shared

/// One image set as its user wants it: the typed content of an accepted ConfigMap.
///
/// A value without identity or I/O: the planner, the DaemonSet's manifest and the reports are functions of it.
/// Defaults are those of the ConfigMap contract.
public struct Configuration: Sendable, Equatable, Codable {
    /// The image list, in the order of first acceptance, which is the order of the containers: an entry keeps its place
    /// for as long as it is listed, and new ones are appended.
    public var images: [ImageEntry] = []
    /// Hours between health checks of the DaemonSet and refreshes of mutable tags, at least 1.
    public var cachingIntervalHours = 1
    /// What each sleep container requests and may use.
    public var sleepResources = ContainerResources()

    public var daemonSetName = "kubernetes-image-puller"
    public var daemonSetAnnotations: [String: String] = [:]
    public var namespace = "k8s-image-puller"
    public var scheduling = Scheduling()
    /// On so many of the nodes that are selected; nil: on all. Of prefetches that are held.
    public var nodeCount: Int?
    /// The PriorityClass of the DaemonSet's pods. Nil: none of ours; an admission policy may set one.
    public var priorityClassName: String?
    /// Names of secrets of type `kubernetes.io/dockerconfigjson`, in the DaemonSet's namespace.
    public var imagePullSecrets: [String] = []
    /// Agents get none of these: what needs them is pulled by kubelets, which then ask every pod for credentials. Nil: no.
    public var protectsPrivateImages: Bool?
    /// The image that holds the agent and `sleep`. Nil until someone says which.
    public var agentImage: String?

    /// Hard cap on pulls that run at once against one registry, cluster-wide.
    public var pullMaxParallel = 250
    /// Pods replaced at once. Nil: a tenth of the nodes, at least 3.
    public var rollMaxParallel: Int?
    /// Deadline of one attempt.
    public var pullTimeoutSeconds = 1800
    public var retry = RetryPolicy()
    /// How often the agents ask the runtime, and say that nothing changed. Nil: by ``ReportInterval``.
    public var reportIntervalSeconds: Int?
    public var runtimeSocket = RuntimeSocket.automatic
    public var historyRetentionDays = 30
    /// The kubelets' garbage-collection threshold, in percent of the image file system.
    public var imageGCHighPercent = 85
    public var alertAfterSeconds = 900
    public var alertWebhookURL: String?

    public init() {}

    /// Pods that may be replaced at once when `nodes` nodes are targets.
    public func rollLimit(nodes: Int) -> Int {
        rollMaxParallel ?? max(3, nodes / 10)
    }
}

/// One `name=reference` of the list. Its identity is the reference; the name is a label.
public struct ImageEntry: Sendable, Hashable, Codable {
    /// What the user calls it now: a DNS label, unique in the list.
    public var name: String
    public var reference: ImageReference
    /// What it was called when it was accepted, where that is another name.
    private var acceptedAs: String?

    public init(name: String, reference: ImageReference) {
        self.name = name
        self.reference = reference
    }

    /// The name of its sleep container: stays for as long as the reference is listed, so that another name touches no pod.
    public var container: String {
        get { acceptedAs ?? name }
        set { acceptedAs = newValue == name ? nil : newValue }
    }
}

/// Quantities as the user wrote them, checked: Kubernetes gets them unchanged.
public struct ContainerResources: Sendable, Hashable, Codable {
    public var memoryRequest = "10Mi"
    public var memoryLimit = "20Mi"
    public var cpuRequest = "1m"
    public var cpuLimit = "200m"

    public init() {}
}

/// Where the agents find the container runtime.
public enum RuntimeSocket: Sendable, Hashable, Codable {
    /// Look for containerd's and CRI-O's at their usual places.
    case automatic
    /// An absolute path on the host.
    case path(String)
    /// Restricted mode: no agent, kubelets pull.
    case none
}

/// When failed pulls are tried again.
public struct RetryPolicy: Sendable, Hashable, Codable {
    /// Seconds before the second attempt, doubled for each further one, with full jitter.
    public var initialSeconds = 5
    /// The cap of that growth.
    public var maxSeconds = 300
    /// Seconds between attempts whose failure is permanent.
    public var permanentSeconds = 600

    public init() {}
}

extension Configuration {
    /// The name of the agent's container in the DaemonSet's pods.
    public static let agentContainerName = "image-puller-agent"
    /// The name of the init container that copies `sleep`.
    public static let copySleepContainerName = "image-puller-copy-sleep"
    /// Names that no image entry may have.
    public static let reservedContainerNames: Set<String> = [agentContainerName, copySleepContainerName]
}
