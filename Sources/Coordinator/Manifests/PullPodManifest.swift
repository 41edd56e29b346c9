import Cluster
import ImageSets
import KubernetesClient
import Planning
import Shared

/// A short-lived pod by which a node's kubelet pulls one image, with the credentials that only it has.
///
/// Its container is never to run: the command isn't in any image. A container that was made shows that its image has come.
package struct PullPodManifest: Sendable {
    let name: String
    package let document: JSONValue

    /// Another than the DaemonSet's pods have, or that would take these for its own.
    static let application = "image-puller-pull"
    static let daemonSetLabel = "image-puller/daemonset"
    package static let orderLabel = "image-puller/order"

    /// Selects those of a DaemonSet.
    package static func selector(daemonSet: String) -> String {
        "\(PodNames.nameLabel)=\(application),\(daemonSetLabel)=\(daemonSet)"
    }

    static func name(daemonSet: String, order: UInt64) -> String { "\(daemonSet)-pull-\(String(order, radix: 36))" }

    /// - Parameter owner: whose end is the pod's, too.
    package init(_ pod: Plan.PullPod, _ configuration: Configuration, _ options: ManifestOptions, owner: OwnerReference)
        throws
    {
        name = Self.name(daemonSet: configuration.daemonSetName, order: pod.order)
        var spec: JSONValue = [
            // Not by the scheduler, which could have no room where an image is wanted all the same.
            "nodeName": .string(pod.node),
            "restartPolicy": "Never",
            "activeDeadlineSeconds": .integer(Int64(configuration.pullTimeoutSeconds)),
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "tolerations": try JSONValue(encoding: configuration.scheduling.podTolerations),
            "imagePullSecrets": .array(configuration.imagePullSecrets.map { ["name": .string($0)] }),
            "containers": [Self.container(pod)],
        ]
        if let account = options.serviceAccount { spec["serviceAccountName"] = .string(account) }
        document = [
            "apiVersion": .string(ResourceType.pods.apiVersion),
            "kind": .string(ResourceType.pods.kind),
            "metadata": [
                "name": .string(name), "namespace": .string(configuration.namespace),
                "labels": JSONValue(labels: [
                    PodNames.nameLabel: Self.application, PodNames.managedByLabel: PodNames.application,
                    Self.daemonSetLabel: configuration.daemonSetName, Self.orderLabel: String(pod.order),
                ]),
                "ownerReferences": [
                    [
                        "apiVersion": .string(owner.apiVersion), "kind": .string(owner.kind),
                        "name": .string(owner.name), "uid": .string(owner.uid),
                    ]
                ],
            ],
            "spec": spec,
        ]
    }

    private static func container(_ pod: Plan.PullPod) -> JSONValue {
        [
            "name": .string(PullPodView.containerName),
            "image": .string(pod.reference.normalised),
            // With the other policy a tag that is there would never be asked for again.
            "imagePullPolicy": pod.isRefresh ? "Always" : "IfNotPresent",
            "command": ["/image-puller/only-pulled"],
            "resources": [
                "requests": ["cpu": "1m", "memory": "10Mi"], "limits": ["cpu": "50m", "memory": "20Mi"],
            ],
            "securityContext": SecurityContext.unprivileged(assignsUser: true),
        ]
    }
}
