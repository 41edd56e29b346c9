/// `meta/v1 ObjectMeta`, as far as we use it.
struct ObjectMeta: Codable, Sendable, Hashable {
    var name = ""
    /// Nil for cluster-scoped objects.
    var namespace: String?
    /// Tells an object from its successor of the same name.
    var uid: String?
    /// Opaque: compare for equality only.
    var resourceVersion: String?
    /// Counts changes of the spec.
    var generation: Int?
    var labels: [String: String] = [:]
    var annotations: [String: String] = [:]
    var ownerReferences: [OwnerReference] = []
    var creationTimestamp: KubernetesTime?
    /// Set while the object is being deleted.
    var deletionTimestamp: KubernetesTime?

    /// The owner that manages the object, as a DaemonSet does its pods.
    var controller: OwnerReference? { ownerReferences.first { $0.controller == true } }

    init(name: String = "", namespace: String? = nil) {
        self.name = name
        self.namespace = namespace
    }

    init(from decoder: any Decoder) throws {
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
struct OwnerReference: Codable, Sendable, Hashable {
    var apiVersion: String
    var kind: String
    var name: String
    var uid: String
    var controller: Bool?
    var blockOwnerDeletion: Bool?
}
