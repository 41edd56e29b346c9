import KubernetesClient
import Logging
import Shared

/// What a DaemonSet's manifest needs to know beside the configuration.
package struct ManifestOptions: Sendable, Hashable {
    /// Where agents reach the coordinator: `https://host:port`.
    package var serverURL: String
    /// The coordinator's Deployment, when it is in the same namespace.
    package var ownerReference: OwnerReference?
    /// `namespace/name` of the `KubernetesImagePuller` object that the set comes from, where it does.
    package var object: String?
    /// OpenShift assigns user ids, and confines containers by SELinux.
    package var openShift = false
    package var logLevel = Logger.Level.info
    package var logFormat = LogFormat.text
    /// The ConfigMap (key `ca.crt`) with the coordinator's certificate authority.
    package var caConfigMap: String?
    /// The agents' account: their tokens are of it, and OpenShift's security context constraints are granted to it.
    package var serviceAccount: String?

    /// The image set, where it isn't that of the main ConfigMap.
    package var imageSet: String?
    /// Of the nodes that are selected those of these names; nil or none: all.
    package var pinnedNodes: [String]?
    /// The last of our own images that has shown that it works; noted for the next run.
    package var provenAgentImage: String?

    package init(serverURL: String) { self.serverURL = serverURL }

    /// Where no coordinator runs that agents would reach: what is made of it has the usual size.
    package static let elsewhere = Self(serverURL: "https://kubernetes-image-puller:8443")
}

/// Why no DaemonSet can be made of a configuration.
package enum ManifestError: Error, Sendable, Hashable, CustomStringConvertible {
    case noAgentImage
    case noContainers
    case templateTooLarge(bytes: Int)

    package var description: String {
        switch self {
        case .noAgentImage:
            "KIP_IMAGE is not set: name the image that holds the agent and sleep, as the chart does"
        case .noContainers:
            "without an agent (RUNTIME_SOCKET is \"none\") a pod needs at least one image: add one to IMAGES"
        case .templateTooLarge(let bytes):
            "the pod template has \(bytes) bytes, more than \(DaemonSetManifest.maximumTemplateBytes): "
                + "list fewer images in IMAGES"
        }
    }
}
