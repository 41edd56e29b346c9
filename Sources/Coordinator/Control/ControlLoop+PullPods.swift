import Cluster
import History
import ImageSets
import Logging
import Planning
import Shared
import Telemetry

/// Pods by which kubelets pull, with credentials that only they have.
extension ControlLoop {
    /// Until it is known how such pods are made, none is.
    package func use(_ actuator: PullPodActuator) {
        pullPodActuator = actuator
        signal.yield()
    }

    // MARK: Facts

    /// All pods of that kind, after a list.
    func replacePullPods(_ pods: [PullPodView], of source: PodSource) {
        guard let set = followedPods.set(of: source) else { return }
        let former = cluster.pullPods.filter { $0.value.set == set }
        cluster.pullPods = cluster.pullPods.filter { $0.value.set != set }
        for var pod in pods {
            pod.set = set
            cluster.pullPods[pod.uid] = pod
        }
        for pod in former.values where cluster.pullPods[pod.uid] == nil { noteGone(pod.order) }
        for pod in pods { take(fleet.observe(pod, at: clock.now, using: &random)) }
        signal.yield()
    }

    func update(_ pod: PullPodView, of source: PodSource) {
        guard let set = followedPods.set(of: source) else { return }
        var pod = pod
        pod.set = set
        guard cluster.pullPods[pod.uid] != pod else { return }
        cluster.pullPods[pod.uid] = pod
        take(fleet.observe(pod, at: clock.now, using: &random))
        signal.yield()
    }

    func removePullPod(uid: String) {
        guard let pod = cluster.pullPods.removeValue(forKey: uid) else { return }
        noteGone(pod.order)
        signal.yield()
    }

    /// Those of another DaemonSet are nobody's any more: they go with it.
    func forgetPullPods(of set: String) {
        let former = cluster.pullPods.filter { $0.value.set == set }
        cluster.pullPods = cluster.pullPods.filter { $0.value.set != set }
        for pod in former.values { noteGone(pod.order) }
    }

    private func noteGone(_ order: UInt64) {
        take(
            fleet.pullPodGone(
                order: order, message: "the pod by which the kubelet was to pull went away", at: clock.now,
                using: &random))
    }

    private func take(_ ingestion: Fleet.Ingestion) {
        tell(ingestion.transitions)
        noteKubeletAttempts(ingestion.kubeletAttempts)
    }

    /// Kubelets' attempts are told once: nobody sends them again.
    func noteKubeletAttempts(_ attempts: [Fleet.FinishedAttempt]) {
        guard !attempts.isEmpty else { return }
        for attempt in attempts { Instruments.attempt(attempt) }
        logFailures(attempts.filter { $0.reason != nil })
        let stored = withoutProbes(attempts)
        Task { _ = await history.commit(stored) }
        signal.yield()
    }

    // MARK: The plan

    func carryOutPullPods(_ plan: Plan, _ configuration: Configuration) {
        for pod in plan.pullPods { make(pod, puller(of: pod.reference, on: pod.node) ?? configuration) }
        for removal in plan.pullPodRemovals {
            remove(removal, namespace: namespace(of: removal.set) ?? configuration.namespace)
        }
    }

    /// Whose pod pulls an image on a node, with its secrets: the first of the sets that list it and select the node, or that
    /// select it at least. Those come first whose DaemonSet is there, which the pod belongs to.
    private func puller(of reference: ImageReference, on name: String) -> Configuration? {
        guard let node = cluster.nodes[name] else { return nil }
        let all =
            [(ImageSet.defaultName, configuration)].compactMap { name, own in own.map { (name, $0) } }
            + sets.compactMap { set in set.configuration.map { (set.name, $0) } }
        let selecting = all.filter { $0.1.scheduling.selects(node) }
        let listing = selecting.filter { $0.1.images.contains { $0.reference.normalised == reference.normalised } }
        return (listing.first { daemonSets[$0.0]?.template != nil } ?? listing.first ?? selecting.first)?.1
    }

    private func make(_ pod: Plan.PullPod, _ configuration: Configuration) {
        logger.info(
            "a kubelet pulls", metadata: ["node": "\(pod.node)", "reference": "\(pod.reference)"])
        let actuator = pullPodActuator
        Task {
            do {
                try await actuator?.make(pod, configuration)
                if actuator == nil { failed(pod, "the coordinator has only just begun") }
            } catch {
                failed(pod, "\(error)")
            }
        }
    }

    private func failed(_ pod: Plan.PullPod, _ message: String) {
        let text = "the pod by which the kubelet was to pull can't be made: \(message)"
        take(fleet.pullPodGone(order: pod.order, message: text, at: clock.now, using: &random))
        signal.yield()
    }

    private func remove(_ removal: Plan.PullPodRemoval, namespace: String) {
        // The watch will say the same; until then it must not be planned for again.
        cluster.pullPods[removal.uid]?.isTerminating = true
        let actuator = pullPodActuator
        Task {
            do {
                try await actuator?.remove(removal, namespace)
                if actuator != nil { return }
            } catch {
                logger.warning(
                    "a pod by which a kubelet pulled could not be deleted; it is tried again",
                    metadata: ["pod": "\(removal.pod)", "error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(5))
            cluster.pullPods[removal.uid]?.isTerminating = false
            signal.yield()
        }
    }
}
