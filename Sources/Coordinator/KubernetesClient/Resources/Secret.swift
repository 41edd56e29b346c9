import FoundationEssentials

/// `core/v1 Secret`. Prints its keys, never its values.
package struct Secret: KubernetesResource, Hashable {
    package static let resourceType = ResourceType.secrets

    package var metadata = ObjectMeta()
    var type: String?
    /// Decoded from Base64.
    package var data: [String: Data]?
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "Secret \(metadata.name) with keys \(data?.keys.sorted() ?? [])" }
    package var debugDescription: String { description }
    package var customMirror: Mirror {
        Mirror(self, children: ["metadata": metadata, "keys": data?.keys.sorted() ?? []])
    }
}
