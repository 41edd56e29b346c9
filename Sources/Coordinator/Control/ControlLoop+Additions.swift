import Cluster
import ImageSets
import KubernetesClient
import Logging
import Planning
import Shared

/// Images that a list has gained, held by the pods that run.
extension ControlLoop {
    /// Until what an API server refused is tried again.
    private static let pauseAfterRefusal = Duration.seconds(600)
    /// Between questions whether a permission that lacked is there.
    private static let pauseOfPermission = Duration.seconds(30)

    /// The pods count as ones of the present template at once; the watch will say the same.
    func adopt(_ pods: [Plan.PodAdoption], namespace: (String) -> String) {
        guard let extender, !pods.isEmpty else { return }
        for pod in pods { cluster.pods[pod.uid]?.template = pod.template }
        notePods(of: pods.map(\.node))
        signal.yield()
        for pod in pods {
            let namespace = namespace(pod.set)
            change(pod.pod, of: pod.set, namespace) { try await extender.adopt(pod, namespace: namespace) }
        }
    }

    func add(to pod: Plan.Wake, namespace: String) {
        guard let extender, let container = daemonSets[pod.set]?.addedContainer else { return }
        logger.info(
            "adding containers to a pod",
            metadata: [
                "pod": "\(pod.pod)", "node": "\(pod.node)",
                "containers": "\(pod.additions.keys.sorted().joined(separator: " "))",
            ])
        change(pod.pod, of: pod.set, namespace) { try await extender.add(container, to: pod, namespace: namespace) }
    }

    private func change(
        _ pod: String, of set: String, _ namespace: String, _ body: @escaping @Sendable () async throws -> Void
    ) {
        Task {
            do {
                try await body()
            } catch {
                failed(error, pod: pod, of: set, namespace: namespace)
            }
        }
    }

    private func failed(_ error: any Error, pod: String, of set: String, namespace: String) {
        guard let error = error as? KubernetesError, error.isFinalForPods else {
            return logger.debug("a pod was not changed", metadata: ["pod": "\(pod)", "error": "\(error)"])
        }
        guard daemonSets[set]?.plannedSuccessor.frame != nil else { return }
        daemonSets[set]?.refusesAdditions = true
        logger.warning(
            """
            containers can't be added to running pods, so pods are replaced for images that the list has gained. Where it is \
            a permission that lacks, grant the coordinator's service account the verb patch on pods and \
            pods/ephemeralcontainers in namespace \(namespace) (where it was installed by Helm: the chart's value \
            rbac.extendPods)
            """, metadata: ["pod": "\(pod)", "error": "\(error)"])
        signal.yield()
        Task {
            await additionsMayWork(after: error, of: set, namespace: namespace)
            guard daemonSets[set]?.refusesAdditions == true else { return }
            daemonSets[set]?.refusesAdditions = false
            logger.info("adding containers to running pods is tried again", metadata: ["namespace": "\(namespace)"])
            signal.yield()
        }
    }

    /// Returns when it's worth another try: a permission that lacks is asked for, which costs no pod; what else refuses, such as
    /// an admission policy, has to be tried.
    private func additionsMayWork(after error: KubernetesError, of set: String, namespace: String) async {
        guard let extender, error.status == 403, (try? await extender.isPermitted(in: namespace)) == false else {
            try? await Task.sleep(for: Self.pauseAfterRefusal)
            return
        }
        while daemonSets[set]?.refusesAdditions == true {
            guard (try? await Task.sleep(for: Self.pauseOfPermission)) != nil else { return }
            if (try? await extender.isPermitted(in: namespace)) == true { return }
        }
    }
}
