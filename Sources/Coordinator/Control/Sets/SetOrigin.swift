import ConfigurationParsing
import KubernetesClient
import Manifests

/// The object that an image set comes from, as it was seen last.
struct SetOrigin: Sendable {
    enum Kind: String, Sendable {
        case configMap = "ConfigMap"
        case puller = "KubernetesImagePuller"
    }

    struct Key: Hashable, Sendable, Comparable, CustomStringConvertible {
        var kind: Kind
        var namespace: String
        var name: String

        /// `ConfigMap namespace/name`
        var description: String { "\(kind.rawValue) \(place)" }
        /// `namespace/name`
        var place: String { "\(namespace)/\(name)" }
        /// To somebody who knows which namespace ConfigMaps are in.
        var title: String { kind == .configMap ? "\(kind.rawValue) \(name)" : description }
        /// Where ConfigMaps need not be said to be such.
        var shownKind: String? { kind == .configMap ? nil : kind.rawValue }

        static func < (left: Self, right: Self) -> Bool {
            (left.name, left.namespace, left.kind.rawValue) < (right.name, right.namespace, right.kind.rawValue)
        }
    }

    let key: Key
    /// The name of the set.
    let set: String
    /// What it says; nil: nobody knows (any more).
    var written: WrittenConfiguration?
    /// Why it has no effect for now, whatever it says.
    var obstacle: Finding?
    /// It is gone, and what it said stays for a while: this says so.
    var absence: Finding?
    /// Its set's DaemonSet can be in these namespaces beside the usual ones.
    var namespaces: [String] = []
    /// What is written on its set's DaemonSet to find it again; nil: nothing.
    var mark: String? { key.kind == .puller ? "\(key.namespace)/\(key.name)" : nil }

    /// Created before the other. Of what nobody can ask any more that is known at least.
    func isOlder(than other: SetOrigin) -> Bool { (createdAt, key) < (other.createdAt, other.key) }

    private var createdAt: Double { written?.metadata.creationTimestamp?.secondsSinceEpoch ?? -.infinity }
}

extension SetOrigin {
    init(_ map: ConfigMap, namespace: String) {
        key = Key(kind: .configMap, namespace: namespace, name: map.metadata.name)
        set = map.metadata.labels[PodNames.setLabel] ?? ""
        written = WrittenConfiguration(map)
    }

    var reference: ObjectReference {
        if let written { return written.reference }
        let type: ResourceType = key.kind == .puller ? .imagePullers : .configMaps
        return ObjectReference(
            apiVersion: type.apiVersion, kind: type.kind, namespace: key.namespace, name: key.name)
    }
}
