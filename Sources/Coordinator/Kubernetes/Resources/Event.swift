/// `core/v1 Event`: something that happened to an object, for people.
struct Event: KubernetesResource, Hashable {
    static let resourceType = ResourceType.events

    /// How `kubectl` colours it.
    enum Kind: String, Codable, Sendable, Hashable {
        case normal = "Normal"
        case warning = "Warning"
    }

    var apiVersion: String? = "v1"
    var kind: String? = "Event"
    var metadata = ObjectMeta()
    var involvedObject: ObjectReference
    var type: Kind?
    /// One word in CamelCase, for machines.
    var reason: String?
    /// At most 1,024 bytes.
    var message: String?
    var source: Source?
    var firstTimestamp: KubernetesTime?
    var lastTimestamp: KubernetesTime?
    var count: Int?

    struct Source: Codable, Sendable, Hashable {
        var component: String?
        var host: String?
    }
}

/// `core/v1 ObjectReference`: what an Event is about.
struct ObjectReference: Codable, Sendable, Hashable {
    var apiVersion: String?
    var kind: String?
    var namespace: String?
    var name: String?
    var uid: String?
    var resourceVersion: String?
}

extension ObjectReference {
    init(_ object: some KubernetesResource) {
        let type = Swift.type(of: object).resourceType
        self.init(
            apiVersion: type.apiVersion, kind: type.kind, namespace: object.metadata.namespace,
            name: object.metadata.name, uid: object.metadata.uid, resourceVersion: object.metadata.resourceVersion)
    }
}
