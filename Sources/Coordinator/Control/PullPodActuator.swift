import Cluster
import ImageSets
import KubernetesClient
import Manifests
import Planning
import Shared

/// Makes and deletes the pods by which kubelets pull.
package struct PullPodActuator: Sendable {
    var make: @Sendable (Plan.PullPod, Configuration) async throws -> Void
    var remove: @Sendable (Plan.PullPodRemoval, _ namespace: String) async throws -> Void

    package static func kubernetes(_ client: KubernetesClient, options: ManifestOptions) -> Self {
        Self { pod, configuration in
            let namespace = configuration.namespace
            // It is in the pods' namespace wherever that is, and nothing is pulled that it doesn't want.
            let owner = try await client.get(DaemonSet.self, configuration.daemonSetName, namespace: namespace)
            let manifest = try PullPodManifest(
                pod, configuration, options,
                owner: OwnerReference(
                    apiVersion: ResourceType.daemonSets.apiVersion, kind: ResourceType.daemonSets.kind,
                    name: owner.metadata.name, uid: owner.metadata.uid ?? ""))
            do {
                try await client.create(manifest.document, .pods, namespace: namespace)
            } catch let error as KubernetesError where error.isAlreadyExists {
                // The answer to an earlier request got lost.
                return
            }
        } remove: { removal, namespace in
            try await client.delete(
                .pods, name: removal.pod, namespace: namespace,
                options: KubernetesClient.DeleteOptions(uid: removal.uid))
        }
    }
}
