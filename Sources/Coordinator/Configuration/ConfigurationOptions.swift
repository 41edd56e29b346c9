import Manifests

/// What the ConfigMap's meaning depends on besides the ConfigMap: how the coordinator was installed.
package struct ConfigurationOptions: Sendable {
    /// The namespace that the coordinator runs in.
    package var ownNamespace = "k8s-image-puller"
    /// Others that its service account may create the DaemonSet in.
    package var extraNamespaces: Set<String> = []
    /// The image that it runs from itself, for when `KIP_IMAGE` names none.
    package var defaultAgentImage: String?
    /// The image set, where it isn't that of the main ConfigMap: what is the cluster's affair is that one's.
    package var imageSet: String?
    /// A file is checked without a cluster: what only the running coordinator knows is not complained of.
    var isOffline = false
}

/// The parts of a ConfigMap that count.
package struct ConfigMapContent: Sendable, Equatable {
    package var data: [String: String] = [:]
    /// Keys of `binaryData`; their values are never read.
    var binaryKeys: Set<String> = []
    package var annotations: [String: String] = [:]
    /// What the label of an image set beside the main one says; nil: it has none.
    package var imageSet: String?
    /// It is a prefetch's that is held: an image set that ends.
    package var isPrefetch = false
    /// Helm wrote it, so that the chart's values are what a user changes. Elsewhere there are none.
    package var isOfChart = false
    /// It was made of an object's fields; nil: it is a ConfigMap's.
    var object: ObjectWords?

    package init(
        data: [String: String] = [:], binaryKeys: Set<String> = [], annotations: [String: String] = [:],
        labels: [String: String] = [:]
    ) {
        self.data = data
        self.binaryKeys = binaryKeys
        self.annotations = annotations
        imageSet = labels[PodNames.setLabel]
        isPrefetch = labels[PrefetchOrder.label] == "true"
        // Helm sets `app.kubernetes.io/managed-by`; tools that only render the chart leave `helm.sh/chart`.
        isOfChart = labels["app.kubernetes.io/managed-by"] == "Helm" || labels["helm.sh/chart"] != nil
    }

    /// `"true"` lets an empty image list release what is cached.
    package static let allowEmptyAnnotation = "image-puller/allow-empty"
    /// `"true"` lets keys that say where and how pods run vanish.
    package static let allowResetAnnotation = "image-puller/allow-reset"
    /// What users may write under our prefix.
    package static let userAnnotations: Set<String> = [allowEmptyAnnotation, allowResetAnnotation]
    /// Annotations and labels with this prefix are ours.
    package static let ownPrefix = "image-puller/"
}
