/// `core/v1 ConfigMap`.
struct ConfigMap: KubernetesResource, Hashable {
    static let resourceType = ResourceType.configMaps

    var metadata = ObjectMeta()
    var data: [String: String]?
    /// Set by users who want no edits.
    var immutable: Bool?
}
