/// What the ConfigMap's meaning depends on besides the ConfigMap: how the coordinator was installed.
struct ConfigurationOptions: Sendable {
    /// The namespace that the coordinator runs in.
    var ownNamespace = "k8s-image-puller"
    /// Others that its service account may create the DaemonSet in.
    var extraNamespaces: Set<String> = []
    /// The image that it runs from itself, for when `KIP_IMAGE` names none.
    var defaultAgentImage: String?
    /// A file is checked without a cluster: what only the running coordinator knows is not complained of.
    var isOffline = false
}

/// The parts of a ConfigMap that count.
struct ConfigMapContent: Sendable, Equatable {
    var data: [String: String] = [:]
    /// Keys of `binaryData`; their values are never read.
    var binaryKeys: Set<String> = []
    var annotations: [String: String] = [:]

    /// `"true"` lets an empty image list release what is cached.
    static let allowEmptyAnnotation = "image-puller/allow-empty"
    /// Annotations and labels with this prefix are ours.
    static let ownPrefix = "image-puller/"
}
