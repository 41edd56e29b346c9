import FoundationEssentials

/// Where the API serves a kind of object.
package struct ResourceType: Sendable, Hashable {
    /// Empty for the core group.
    package let group: String
    package let version: String
    /// As in the path: `daemonsets`.
    package let plural: String
    package let kind: String
    package let isNamespaced: Bool

    /// As in `apiVersion`: `v1`, `apps/v1`.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The path of the collection, or of one object in it.
    ///
    /// - Parameter namespace: nil means every namespace, and is right for cluster-scoped objects.
    func path(namespace: String? = nil, name: String? = nil, subresource: String? = nil) -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if isNamespaced, let namespace { path += "/namespaces/" + percentEncoded(namespace) }
        path += "/" + plural
        if let name { path += "/" + percentEncoded(name) }
        if let subresource { path += "/" + subresource }
        return path
    }
}

extension ResourceType {
    package static let nodes = ResourceType(
        group: "", version: "v1", plural: "nodes", kind: "Node", isNamespaced: false)
    package static let pods = ResourceType(group: "", version: "v1", plural: "pods", kind: "Pod", isNamespaced: true)
    package static let configMaps = ResourceType(
        group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", isNamespaced: true)
    package static let secrets = ResourceType(
        group: "", version: "v1", plural: "secrets", kind: "Secret", isNamespaced: true)
    package static let serviceAccounts = ResourceType(
        group: "", version: "v1", plural: "serviceaccounts", kind: "ServiceAccount", isNamespaced: true)
    package static let events = ResourceType(
        group: "", version: "v1", plural: "events", kind: "Event", isNamespaced: true)
    /// The same objects in their newer shape.
    package static let seriesEvents = ResourceType(
        group: "events.k8s.io", version: "v1", plural: "events", kind: "Event", isNamespaced: true)
    package static let daemonSets = ResourceType(
        group: "apps", version: "v1", plural: "daemonsets", kind: "DaemonSet", isNamespaced: true)
    package static let deployments = ResourceType(
        group: "apps", version: "v1", plural: "deployments", kind: "Deployment", isNamespaced: true)
    static let replicaSets = ResourceType(
        group: "apps", version: "v1", plural: "replicasets", kind: "ReplicaSet", isNamespaced: true)
    package static let customResourceDefinitions = ResourceType(
        group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions",
        kind: "CustomResourceDefinition", isNamespaced: false)
    /// Served where somebody has installed their CustomResourceDefinition.
    package static let imagePullers = ResourceType(
        group: "che.eclipse.org", version: "v1alpha1", plural: "kubernetesimagepullers", kind: "KubernetesImagePuller",
        isNamespaced: true)
    package static let leases = ResourceType(
        group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease", isNamespaced: true)
}

/// An object of the API, of which we decode only what we use.
///
/// Never written back whole: that would drop what isn't decoded. Writes are documents (``JSONValue``) of the fields
/// that we mean.
package protocol KubernetesResource: Decodable, Sendable {
    static var resourceType: ResourceType { get }
    var metadata: ObjectMeta { get }

    /// Takes the storage of another object for what is equal in both. A list is asked object by object: of thousands
    /// of pods, most say the same of their containers.
    mutating func share(with other: Self)

    /// Reads one page of a list.
    static func page(_ body: [UInt8]) throws -> ListPage<Self>
    /// Reads one line of a watch.
    static func watchLine(_ line: [UInt8]) throws -> WatchLine<Self>
}

extension KubernetesResource {
    package mutating func share(with other: Self) {}

    package static func page(_ body: [UInt8]) throws -> ListPage<Self> {
        try JSONDecoder().decode(ListPage<Self>.self, from: Data(body))
    }

    package static func watchLine(_ line: [UInt8]) throws -> WatchLine<Self> { try decodedWatchLine(line) }

    package static func decodedWatchLine(_ line: [UInt8]) throws -> WatchLine<Self> {
        try JSONDecoder().decode(WatchLine<Self>.self, from: Data(line))
    }
}

/// Escapes everything but the unreserved characters of RFC 3986, for paths and queries.
package func percentEncoded(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            encoded.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            let digits = String(byte, radix: 16, uppercase: true)
            encoded += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
        }
    }
    return encoded
}
