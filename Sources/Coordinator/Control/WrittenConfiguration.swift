import ConfigurationParsing
import KubernetesClient

/// What somebody wrote of an image set, and where it stands.
struct WrittenConfiguration: Sendable {
    var content: ConfigMapContent
    var metadata: ObjectMeta
    /// To tell of it.
    var reference: ObjectReference

    init(_ map: ConfigMap) {
        content = ConfigMapContent(
            data: map.data ?? [:], annotations: Self.usersAnnotations(map.metadata), labels: map.metadata.labels)
        metadata = map.metadata
        reference = ObjectReference(map)
    }

    init(_ object: KubernetesImagePuller, in place: PullerObject.Place) {
        content = PullerObject.content(
            spec: object.spec, annotations: Self.usersAnnotations(object.metadata), place: place)
        metadata = object.metadata
        reference = ObjectReference(object)
    }

    /// Whether it needs no other look.
    func isSame(as other: WrittenConfiguration) -> Bool {
        metadata.resourceVersion == other.metadata.resourceVersion && content == other.content
    }

    /// Without those that the coordinator writes.
    private static func usersAnnotations(_ metadata: ObjectMeta) -> [String: String] {
        metadata.annotations.filter {
            ConfigMapContent.userAnnotations.contains($0.key) || !$0.key.hasPrefix(ConfigMapContent.ownPrefix)
        }
    }
}
