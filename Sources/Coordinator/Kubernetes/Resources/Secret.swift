import FoundationEssentials

/// `core/v1 Secret`. Prints its keys, never its values.
struct Secret: KubernetesResource, Hashable {
    static let resourceType = ResourceType.secrets

    var metadata = ObjectMeta()
    var type: String?
    /// Decoded from Base64.
    var data: [String: Data]?
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "Secret \(metadata.name) with keys \(data?.keys.sorted() ?? [])" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: ["metadata": metadata, "keys": data?.keys.sorted() ?? []]) }
}
