import Cluster
import ConfigurationParsing
import KubernetesClient
import Planning
import Shared

/// A pod of which only what the control loop needs is kept, from the moment on that it is decoded.
///
/// Whole, the pods of 5,000 nodes with a hundred containers each would take half a gigabyte while they are listed.
struct ListedPod: ReadableResource {
    static let resourceType = ResourceType.pods

    private(set) var metadata: ObjectMeta
    /// Nil for a pod that no node has yet.
    private(set) var view: PodView?
    /// Nil for any but a DaemonSet's pod that the scheduler hasn't placed yet.
    private(set) var unscheduled: PodView?

    init(from decoder: any Decoder) throws {
        self.init(try Pod(from: decoder))
    }

    static func resource(_ reader: inout JSONFieldReader) throws -> ListedPod? {
        try Pod.read(&reader).map(ListedPod.init)
    }

    init(_ pod: Pod) {
        metadata = pod.metadata
        view = PodView(pod)
        unscheduled = PodView(unscheduled: pod)
    }

    mutating func share(with other: ListedPod) {
        if metadata.labels == other.metadata.labels { metadata.labels = other.metadata.labels }
        if metadata.annotations == other.metadata.annotations { metadata.annotations = other.metadata.annotations }
        if metadata.ownerReferences == other.metadata.ownerReferences {
            metadata.ownerReferences = other.metadata.ownerReferences
        }
        if let other = other.view { view?.share(with: other) }
    }
}

extension PodView {
    /// Takes the storage of another pod's for what is equal in both.
    mutating func share(with other: PodView) {
        if containers == other.containers { containers = other.containers }
        if images == other.images { images = other.images }
        if template == other.template { template = other.template }
        if frame == other.frame { frame = other.frame }
    }
}
