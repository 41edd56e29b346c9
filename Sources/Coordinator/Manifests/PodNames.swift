/// The names by which the DaemonSet's parts know each other.
package enum PodNames {
    package static let nameLabel = "app.kubernetes.io/name"
    static let instanceLabel = "app.kubernetes.io/instance"
    package static let managedByLabel = "app.kubernetes.io/managed-by"
    package static let application = "image-puller"

    /// On the pod template, and so on each pod: the hash of the template's content. Tells which pods are outdated.
    package static let templateAnnotation = "image-puller/template"
    /// On the pod template of DaemonSets with agents, and so on each pod: the hash of the template's content without the images
    /// that are held. Pods of one frame differ in nothing else, so that one becomes another by containers that are added.
    package static let frameAnnotation = "image-puller/frame"
    /// The command of every container that holds an image. By it those that we add to running pods differ from other people's.
    package static let sleepCommand = ["/image-puller-bin/sleep"]
    /// On the DaemonSet: the accepted revision of the configuration that it was made from.
    package static let revisionAnnotation = "image-puller/revision"

    /// On pods: when their kubelet was made to look at them last.
    package static let wokenAnnotation = "image-puller/woken"
    /// On pods that don't start: when it was noted that no pod that held anything was deleted for them. Another run of the
    /// coordinator doesn't count their nodes among those that lost something.
    package static let replacesNothingAnnotation = "image-puller/replaces-nothing"

    /// On the DaemonSet: the last of our own images with which an agent has reported.
    package static let provenImageAnnotation = "image-puller/proven-agent-image"

    /// On the ConfigMap of an image set beside the main one, and on its DaemonSet: the set's name.
    package static let setLabel = "image-puller/set"

    /// On the DaemonSet: `namespace/name` of the `KubernetesImagePuller` object whose set it is.
    package static let objectAnnotation = "image-puller/object"

    static let osLabel = "kubernetes.io/os"

    /// The labels of the DaemonSet's pods, and its selector.
    package static func labels(daemonSet: String) -> [String: String] {
        [nameLabel: application, instanceLabel: daemonSet]
    }
}
