import Shared

/// Fills a fresh store.
struct StoreSeed {
    let store: ObjectStore

    static let namespaces = ["default", "kube-system", "kube-public", "kube-node-lease", "k8s-image-puller"]

    /// Makes the namespaces that are always there, and the scenario's objects with theirs.
    func create(_ objects: [JSONValue]) async throws {
        for name in Self.namespaces { try await makeNamespace(name) }
        for object in objects {
            guard let version = object["apiVersion"]?.stringValue, let kind = object["kind"]?.stringValue,
                let type = ResourceType.find(apiVersion: version, kind: kind)
            else {
                throw ScenarioError("an object without apiVersion and kind that are known here: \(object.name)")
            }
            do {
                if type.namespaced { try await makeNamespace(object.namespace ?? "default") }
                try await store.create(type, namespace: type.namespaced ? object.namespace : nil, object: object)
            } catch {
                throw ScenarioError("object \(kind) \(object.name): \(error.message)")
            }
        }
    }

    private func makeNamespace(_ name: String) async throws(APIError) {
        guard await store.get(.namespaces, name: name) == nil else { return }
        try await store.create(
            .namespaces, object: ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]])
    }
}
