import Shared

/// `apiextensions.k8s.io/v1 CustomResourceDefinition`: whether it is in force, and what it lets in.
package struct CustomResourceDefinition: KubernetesResource, Hashable {
    package static let resourceType = ResourceType.customResourceDefinitions

    package let metadata: ObjectMeta
    private let spec: JSONValue?
    private let status: JSONValue?

    /// The name of the definition of a type.
    package static func name(of type: ResourceType) -> String { "\(type.plural).\(type.group)" }

    /// Whether the API server takes objects of this version: the definition is established, and isn't being deleted.
    package func serves(_ version: String) -> Bool {
        let conditions = status?["conditions"]?.arrayValue ?? []
        let isEstablished = conditions.contains {
            $0["type"]?.stringValue == "Established" && $0["status"]?.stringValue == "True"
        }
        return metadata.deletionTimestamp == nil && isEstablished && self.version(version)?["served"]?.boolValue == true
    }

    /// The fields that the schema of a version declares at a path; nil: it takes any.
    package func fields(at path: [String], of version: String) -> Set<String>? {
        var schema = self.version(version)?["schema"]?["openAPIV3Schema"]
        for name in path {
            if schema?["x-kubernetes-preserve-unknown-fields"]?.boolValue == true { return nil }
            schema = schema?["properties"]?[name]
        }
        if schema?["x-kubernetes-preserve-unknown-fields"]?.boolValue == true { return nil }
        return Set((schema?["properties"]?.objectValue ?? [:]).keys)
    }

    private func version(_ name: String) -> JSONValue? {
        spec?["versions"]?.arrayValue?.first { $0["name"]?.stringValue == name }
    }
}
