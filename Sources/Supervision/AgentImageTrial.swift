import Cluster
import ImageSets
import Planning
import Shared

/// Which image the pod template runs agents from: the wanted one (`KIP_IMAGE`), or the last one that has shown that it
/// works.
///
/// A new image is first pulled by a running agent. Then it gets into the template, and one pod is replaced. When that
/// pod doesn't work, the former image gets back into the template, so that nodes that join get one that works, and so
/// does that pod. Another edit of `KIP_IMAGE`, or another run of the coordinator, starts a new try.
public struct AgentImageTrial: Sendable, Equatable {
    /// Why the wanted image isn't used.
    public enum Trouble: Sendable, Equatable {
        /// No agent has been able to pull it.
        case unavailable(node: String, reason: FailureReason, message: String)
        /// Its first pod didn't work, and the former image is back in the template.
        case refused(pod: String, node: String, message: String)
    }

    /// `KIP_IMAGE`.
    public private(set) var wanted: String?
    /// An agent of this image has reported, from a pod of a template with it.
    public private(set) var proven: String?
    /// What the template is to have.
    public private(set) var current: String?
    public private(set) var trouble: Trouble?

    public init() {}

    private var isRefused: Bool {
        if case .refused = trouble { return true }
        return false
    }

    /// What the DaemonSet had when this run of the coordinator began.
    ///
    /// - Parameters:
    ///   - image: of the agent in its template.
    ///   - proven: what an earlier run noted there. Nil: it noted nothing, and the template is taken for proven.
    public mutating func recall(inTemplate image: String?, proven: String?) {
        guard self.proven == nil else { return }
        self.proven = proven ?? image
        // A try that was under way goes on.
        current = image == wanted ? wanted : self.proven ?? wanted
    }

    /// A revision names this image.
    public mutating func want(_ image: String?) {
        guard image != wanted else { return }
        wanted = image
        current = image == nil ? nil : proven ?? image
        trouble = nil
    }

    /// Decides anew.
    ///
    /// - Parameters:
    ///   - plan: of this moment, which knows what became of the first pods.
    ///   - template: the annotation that pods of the present template carry.
    ///   - image: the agent's image in that template.
    ///   - set: the image set whose DaemonSet that is.
    public mutating func review(
        _ plan: Plan, of set: String = ImageSet.defaultName, configuration: Configuration, cluster: ClusterView,
        fleet: Fleet, template: String?,
        image: String?, now: Timestamp
    ) {
        guard cluster.isSynced, let wanted else { return }
        if let template, image == current, image != proven,
            Planner.isProven(
                template, of: set, configuration: configuration, cluster: cluster, fleet: fleet, now: now)
        {
            proven = image
        }
        guard let proven, proven != wanted else {
            (current, trouble) = (wanted, nil)
            return
        }
        if isRefused { return }
        if current != wanted {
            awaitPull(configuration: configuration, cluster: cluster, fleet: fleet, now: now)
        } else if image == wanted, let failed = plan.rollOuts[set], failed.isFinal, !failed.node.isEmpty {
            trouble = .refused(pod: failed.pod, node: failed.node, message: failed.message)
            current = proven
        }
    }

    /// Into the template goes what some node has. In restricted mode kubelets pull it, and the first pod shows.
    private mutating func awaitPull(
        configuration: Configuration, cluster: ClusterView, fleet: Fleet, now: Timestamp
    ) {
        let ready = cluster.nodes.values.filter { configuration.scheduling.selects($0) && $0.isReady }
        let names = Set(ready.map(\.name))
        // Without any agent that could pull it, waiting for one would last for ever.
        let hasAgents = cluster.pods.values.contains {
            !$0.isTerminating && names.contains($0.node) && $0.isWorking(under: configuration)
        }
        guard configuration.runtimeSocket != .none, hasAgents, let column = fleet.agentImageColumn else {
            (current, trouble) = (wanted, nil)
            return
        }
        if ready.contains(where: { fleet.state(node: $0.name, column: column, now: now).isPresent }) {
            current = wanted
            trouble = nil
            return
        }
        let failed = ready.sorted { $0.name < $1.name }.lazy.compactMap { node in
            fleet.failure(node: node.name, column: column).map { (node.name, $0) }
        }.first
        trouble = failed.map { Trouble.unavailable(node: $0.0, reason: $0.1.reason, message: $0.1.message) }
    }
}
