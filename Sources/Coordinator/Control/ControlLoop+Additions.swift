import Cluster
import ImageSets
import KubernetesClient
import Logging
import Planning
import Shared

/// Images that a list has gained, held by the pods that run.
extension ControlLoop {
    /// What changes running pods, and what does it.
    package struct PodChanges: Sendable {
        package var add:
            @Sendable (_ images: [String: String], _ like: JSONValue, _ pod: Plan.Wake, _ namespace: String)
                async throws
                -> Void
        package var adopt: @Sendable (Plan.PodAdoption, _ namespace: String) async throws -> Void

        package init(_ extender: PodExtender) {
            add = { try await extender.add($0, like: $1, to: $2, namespace: $3) }
            adopt = { try await extender.adopt($0, namespace: $1) }
        }
    }

    /// Seconds until what an API server refused is tried again.
    private static let pauseAfterRefusal = 600

    /// The pods count as ones of the present template at once; the watch will say the same.
    func adopt(_ pods: [Plan.PodAdoption], namespace: (String) -> String) {
        guard let podChanges, !pods.isEmpty else { return }
        for pod in pods { cluster.pods[pod.uid]?.template = pod.template }
        notePods(of: pods.map(\.node))
        signal.yield()
        for pod in pods {
            let namespace = namespace(pod.set)
            Task {
                do {
                    try await podChanges.adopt(pod, namespace)
                } catch {
                    failed(error, pod: pod.pod, of: pod.set, namespace: namespace)
                }
            }
        }
    }

    func add(to pod: Plan.Wake, namespace: String) {
        guard let podChanges, let container = daemonSets[pod.set]?.addedContainer else { return }
        let additions = pod.additions
        logger.info(
            "adding containers to a pod",
            metadata: [
                "pod": "\(pod.pod)", "node": "\(pod.node)",
                "containers": "\(additions.keys.sorted().joined(separator: " "))",
            ])
        Task {
            do {
                try await podChanges.add(additions, container, pod, namespace)
            } catch {
                failed(error, pod: pod.pod, of: pod.set, namespace: namespace)
            }
        }
    }

    private func failed(_ error: any Error, pod: String, of set: String, namespace: String) {
        guard let error = error as? KubernetesError, error.isFinalForPods else {
            return logger.debug("a pod was not changed", metadata: ["pod": "\(pod)", "error": "\(error)"])
        }
        guard daemonSets[set]?.successor.frame != nil else { return }
        daemonSets[set]?.refusesAdditions = true
        daemonSets[set]?.successor.frame = nil
        logger.warning(
            """
            containers can't be added to running pods, so pods are replaced for images that the list has gained. Where it is \
            a permission that lacks, grant the coordinator's service account the verb patch on pods and \
            pods/ephemeralcontainers in namespace \(namespace) (where it was installed by Helm: the chart's value \
            rbac.extendPods)
            """, metadata: ["pod": "\(pod)", "error": "\(error)"])
        signal.yield()
        Task {
            try? await Task.sleep(for: .seconds(Self.pauseAfterRefusal))
            daemonSets[set]?.refusesAdditions = false
            daemonSets[set]?.successor.frame = daemonSets[set]?.frame
            signal.yield()
        }
    }
}
