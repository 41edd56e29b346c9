import KubernetesClient
import Manifests

extension KubernetesClient {
    /// The DaemonSets of a namespace that are ours, of all image sets.
    func ownDaemonSets(in namespace: String) async throws -> [DaemonSet] {
        let selector =
            "\(PodNames.managedByLabel)=\(PodNames.application),\(PodNames.nameLabel)=\(PodNames.application)"
        return try await list(DaemonSet.self, Selection(namespace: namespace, labelSelector: selector)).items
    }

    /// Deletes one of them with its pods, unless another has come under its name.
    func delete(own daemonSet: DaemonSet, in namespace: String) async throws {
        try await delete(
            .daemonSets, name: daemonSet.metadata.name, namespace: namespace,
            options: .init(uid: daemonSet.metadata.uid, propagation: .background))
    }
}
