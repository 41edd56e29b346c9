/// `core/v1 Event`: something that happened to an object, for people.
package struct Event: KubernetesResource, Hashable {
    package static let resourceType = ResourceType.events

    /// How `kubectl` colours it.
    package enum Kind: String, Codable, Sendable, Hashable {
        case normal = "Normal"
        case warning = "Warning"

        /// API servers don't check it in Events of this version: one of another kind must not make a list unreadable.
        package init(from decoder: any Decoder) throws {
            self = Kind(rawValue: try decoder.singleValueContainer().decode(String.self)) ?? .normal
        }
    }

    var apiVersion: String? = "v1"
    var kind: String? = "Event"
    package var metadata = ObjectMeta()
    package var involvedObject: ObjectReference
    var type: Kind?
    /// One word in CamelCase, for machines.
    package var reason: String?
    /// At most 1,024 bytes.
    package var message: String?
    package var source: Source?
    var firstTimestamp: KubernetesTime?
    package var lastTimestamp: KubernetesTime?
    package var count: Int?

    package struct Source: Codable, Sendable, Hashable {
        var component: String?
        package var host: String?
    }
}

/// `core/v1 ObjectReference`: what an Event is about.
package struct ObjectReference: Codable, Sendable, Hashable {
    package var apiVersion: String?
    package var kind: String?
    package var namespace: String?
    package var name: String?
    package var uid: String?
    package var resourceVersion: String?

    package init(
        apiVersion: String? = nil, kind: String? = nil, namespace: String? = nil, name: String? = nil,
        uid: String? = nil, resourceVersion: String? = nil
    ) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.resourceVersion = resourceVersion
    }
}

extension ObjectReference {
    package init(_ object: some KubernetesResource) {
        let type = Swift.type(of: object).resourceType
        self.init(
            apiVersion: type.apiVersion, kind: type.kind, namespace: object.metadata.namespace,
            name: object.metadata.name, uid: object.metadata.uid, resourceVersion: object.metadata.resourceVersion)
    }
}
