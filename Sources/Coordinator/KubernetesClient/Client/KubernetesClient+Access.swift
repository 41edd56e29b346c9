import Shared

extension KubernetesClient {
    /// Whether we may do something: every authenticated user may ask that of itself.
    ///
    /// - Parameter namespace: nil: in all of them.
    package func may(
        _ verb: String, _ type: ResourceType, subresource: String? = nil, namespace: String?
    ) async throws -> Bool {
        var attributes: JSONValue = [
            "verb": .string(verb), "group": .string(type.group), "version": .string(type.version),
            "resource": .string(type.plural),
        ]
        if let subresource { attributes["subresource"] = .string(subresource) }
        if let namespace { attributes["namespace"] = .string(namespace) }
        let operation = "ask whether we may \(verb) \(type.plural)"
        let document: JSONValue = [
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": ["resourceAttributes": attributes],
        ]
        let request = Request(
            method: "POST", path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            contentType: "application/json", body: try Self.encode(document), operation: operation)
        let answer: JSONValue = try decode(await send(request), operation)
        return answer["status"]?["allowed"]?.boolValue == true
    }
}
