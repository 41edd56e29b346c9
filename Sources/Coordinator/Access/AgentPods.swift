import Cluster
import Control
import KubernetesClient
import Planning
import Reporting

/// Where the pods of our agents are.
protocol AgentPods: Sendable {
    /// Those of our DaemonSets; empty before there's a configuration.
    var namespaces: Set<String> { get async }
    /// Whether those are all: until then one that isn't among them can be ours, too.
    var areDaemonSetsKnown: Bool { get async }
    /// Whether all have been listed, and reports can be taken.
    var areListed: Bool { get async }
    func find(name: String, uid: String, namespace: String) async -> AgentPodSighting
    /// Somebody who says to be the agent of this pod is refused.
    func note(_ refusal: AccessRefusal, uid: String) async
}

enum AgentPodSighting: Sendable, Hashable {
    case runs(node: String)
    /// No list of pods has come yet.
    case notListed
    /// It is ours, but our watch hasn't told of it yet.
    case unseen
    /// It isn't the DaemonSet's.
    case foreign
    case gone
    /// It can't be looked up now.
    case unknown
}

/// The control loop's pods; those that it doesn't know are looked up.
struct WatchedAgentPods: AgentPods {
    let loop: ControlLoop
    let client: KubernetesClient

    var namespaces: Set<String> { get async { await loop.followedPods.namespaces } }

    var areDaemonSetsKnown: Bool { get async { await loop.areDaemonSetsKnown } }

    var areListed: Bool { get async { await loop.isReady } }

    func note(_ refusal: AccessRefusal, uid: String) async { await loop.note(refusal, pod: uid) }

    func find(name: String, uid: String, namespace: String) async -> AgentPodSighting {
        let followed = await loop.followedPods
        guard followed.isSynced else { return .notListed }
        if let pod = await loop.pod(uid: uid) {
            return followed.sources[pod.set]?.namespace == namespace ? .runs(node: pod.node) : .foreign
        }
        // New, or gone: the API server knows.
        do {
            guard let pod = try await client.find(Pod.self, name, namespace: namespace), pod.metadata.uid == uid else {
                return .gone
            }
            func isOf(_ source: PodSource) -> Bool { source.namespace == namespace && pod.metadata.isOf(source) }
            if followed.sources.values.contains(where: isOf) { return .unseen }
            // Its agent is the node's until the new DaemonSet's pod is there.
            if let node = pod.spec?.nodeName, followed.former.contains(where: isOf) { return .runs(node: node) }
            return await loop.areDaemonSetsKnown ? .foreign : .unseen
        } catch {
            return .unknown
        }
    }
}
