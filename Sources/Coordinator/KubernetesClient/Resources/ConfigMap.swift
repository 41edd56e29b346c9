/// `core/v1 ConfigMap`.
package struct ConfigMap: KubernetesResource, Hashable {
    package static let resourceType = ResourceType.configMaps

    package var metadata = ObjectMeta()
    package var data: [String: String]?
    /// Set by users who want no edits.
    var immutable: Bool?
}
