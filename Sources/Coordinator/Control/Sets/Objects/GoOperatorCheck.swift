import ConfigurationParsing
import KubernetesClient
import Logging
import Shared

/// Whether the Go operator acts on an object: then a ConfigMap and a Deployment belong to the object, which it makes.
struct GoOperatorCheck: Sendable {
    let client: KubernetesClient

    /// Their names, when the object doesn't say others.
    private static let usualConfigMap = "k8s-image-puller"
    private static let usualDeployment = "kubernetes-image-puller"

    /// What it has made for the object, as kubectl names it; empty: nothing.
    ///
    /// - Throws: when that can't be found out.
    func makings(for object: KubernetesImagePuller) async throws -> [String] {
        let namespace = object.metadata.namespace
        func name(_ field: String, _ usual: String) -> String {
            let text = object.spec?[field]?.stringValue ?? ""
            return text.isEmpty ? usual : text
        }
        let deployment = try await client.find(
            Deployment.self, name("deploymentName", Self.usualDeployment), namespace: namespace)
        let map = try await client.find(
            ConfigMap.self, name("configMapName", Self.usualConfigMap), namespace: namespace)
        let makings = [("deployment", deployment?.metadata), ("configmap", map?.metadata)]
        return makings.compactMap { kind, metadata in
            metadata.flatMap { $0.belongs(to: object) ? "\(kind)/\($0.name)" : nil }
        }
    }

    /// - Parameter makings: as above.
    static func finding(_ makings: [String], namespace: String) -> Finding {
        Finding(
            severity: .error, key: "metadata",
            message:
                "the Go operator (kubernetes-image-puller-operator) acts on this object: \(makings.joined(separator: " and ")) "
                + "belong to it. Image Puller does nothing with it until they are gone",
            nextStep: "uninstall that operator, and run: kubectl --namespace \(namespace) delete "
                + makings.joined(separator: " "))
    }
}

extension ObjectMeta {
    fileprivate func belongs(to object: KubernetesImagePuller) -> Bool {
        ownerReferences.contains {
            $0.kind == KubernetesImagePuller.resourceType.kind && $0.uid == object.metadata.uid
        }
    }
}
