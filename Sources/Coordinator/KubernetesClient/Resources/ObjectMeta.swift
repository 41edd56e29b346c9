/// `meta/v1 ObjectMeta`, as far as we use it.
package struct ObjectMeta: Codable, Sendable, Hashable {
    package var name = ""
    /// Nil for cluster-scoped objects.
    package var namespace: String?
    /// Tells an object from its successor of the same name.
    package var uid: String?
    /// Opaque: compare for equality only.
    package var resourceVersion: String?
    /// Counts changes of the spec.
    package var generation: Int?
    package var labels: [String: String] = [:]
    package var annotations: [String: String] = [:]
    package var ownerReferences: [OwnerReference] = []
    package var creationTimestamp: KubernetesTime?
    /// Set while the object is being deleted.
    package var deletionTimestamp: KubernetesTime?

    /// The owner that manages the object, as a DaemonSet does its pods.
    package var controller: OwnerReference? { ownerReferences.first { $0.controller == true } }

    init(name: String = "", namespace: String? = nil) {
        self.name = name
        self.namespace = namespace
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decodeIfPresent(String.self, forKey: .name) ?? ""
        namespace = try container.decodeIfPresent(String.self, forKey: .namespace)
        uid = try container.decodeIfPresent(String.self, forKey: .uid)
        resourceVersion = try container.decodeIfPresent(String.self, forKey: .resourceVersion)
        generation = try container.decodeIfPresent(Int.self, forKey: .generation)
        labels = try container.decodeIfPresent([String: String].self, forKey: .labels) ?? [:]
        annotations = try container.decodeIfPresent([String: String].self, forKey: .annotations) ?? [:]
        ownerReferences = try container.decodeIfPresent([OwnerReference].self, forKey: .ownerReferences) ?? []
        creationTimestamp = try container.decodeIfPresent(KubernetesTime.self, forKey: .creationTimestamp)
        deletionTimestamp = try container.decodeIfPresent(KubernetesTime.self, forKey: .deletionTimestamp)
    }
}

/// Whose deletion deletes this object too. The owner must be in the same namespace, or the garbage collector
/// deletes the object at once.
package struct OwnerReference: Codable, Sendable, Hashable {
    package var apiVersion: String
    package var kind: String
    package var name: String
    package var uid: String
    package var controller: Bool?
    package var blockOwnerDeletion: Bool?

    package init(
        apiVersion: String, kind: String, name: String, uid: String, controller: Bool? = nil,
        blockOwnerDeletion: Bool? = nil
    ) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
        self.controller = controller
        self.blockOwnerDeletion = blockOwnerDeletion
    }
}
