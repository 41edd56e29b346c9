import KubernetesClient
import Manifests

extension KubernetesClient {
    /// Those of several namespaces; nil: of all. Where we may not look there are none.
    func ownDaemonSets(of namespaces: Set<String>?) async throws -> [DaemonSet] {
        guard let namespaces else { return try await ownDaemonSets(in: nil) }
        var found: [DaemonSet] = []
        for namespace in namespaces.sorted() {
            do {
                found += try await ownDaemonSets(in: namespace)
            } catch let error as KubernetesError where error.status == 403 {
                continue
            }
        }
        return found
    }

    /// The DaemonSets of a namespace that are ours, of all image sets.
    ///
    /// - Parameter namespace: nil: all of them.
    func ownDaemonSets(in namespace: String?) async throws -> [DaemonSet] {
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
