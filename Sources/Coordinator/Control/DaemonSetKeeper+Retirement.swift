import Cluster
import ImageSets
import KubernetesClient
import Logging
import Manifests
import Planning

extension DaemonSetKeeper {
    /// Deletes the set's DaemonSets of other names and namespaces, once the present one holds what it can.
    func retire(otherThan place: PodSource) async {
        var open = Set(namespaces + [place.namespace])
        var pause = Duration.seconds(5)
        while !open.isEmpty {
            try? await Task.sleep(for: pause)
            guard !Task.isCancelled else { return }
            guard await loop.isFilled(set) else { continue }
            for namespace in open.sorted() {
                do {
                    try await retire(in: namespace, otherThan: place)
                    open.remove(namespace)
                } catch {
                    logger.warning(
                        "can't look for earlier DaemonSets",
                        metadata: ["namespace": "\(namespace)", "error": "\(error)"])
                }
            }
            pause = min(pause * 2, .seconds(600))
        }
    }

    private func retire(in namespace: String, otherThan place: PodSource) async throws {
        let ours = try await client.ownDaemonSets(in: namespace)
        let former = ours.filter {
            ($0.metadata.labels[PodNames.setLabel] ?? ImageSet.defaultName) == set
                && PodSource(namespace: namespace, daemonSet: $0.metadata.name) != place
        }
        for old in former {
            logger.notice(
                "deleting the DaemonSet of an earlier DAEMONSET_NAME or NAMESPACE",
                metadata: ["daemonSet": "\(namespace)/\(old.metadata.name)"])
            try await client.delete(own: old, in: namespace)
        }
        // Those of other sets need what agents need.
        if !former.isEmpty, former.count == ours.count { try await surroundings.leave(namespace) }
    }
}
