import Shared

/// Which image the pod template runs agents from: the wanted one (`KIP_IMAGE`), or the last one that has shown that it
/// works.
///
/// A new image is first pulled by a running agent. Then it gets into the template, and one pod is replaced. When that
/// pod doesn't work, the former image gets back into the template, so that nodes that join get one that works, and so
/// does that pod. Another edit of `KIP_IMAGE`, or another run of the coordinator, starts a new try.
public struct AgentImageTrial: Sendable, Equatable {
    /// Seconds that its agent may run without a report.
    public static let silencePatience = 600.0

    /// Why the wanted image isn't used.
    public enum Trouble: Sendable, Equatable {
        /// No agent has been able to pull it.
        case unavailable(node: String, reason: FailureReason, message: String)
        /// Its first pod didn't work, and the former image is back in the template.
        case refused(pod: String, node: String, message: String)
    }

    /// Seconds that the first pod may be in trouble: kubelets restart what crashes after 10, 20 and 40 s.
    public var patience = 120.0
    /// `KIP_IMAGE`.
    public private(set) var wanted: String?
    /// An agent of this image has reported, from a pod of a template with it.
    public private(set) var proven: String?
    /// What the template is to have.
    public private(set) var current: String?
    public private(set) var trouble: Trouble?
    /// Since when the first pod doesn't work.
    private var failingSince: Timestamp?
    /// Since when its agent runs without a report.
    private var silentSince: Timestamp?

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
        (trouble, failingSince, silentSince) = (nil, nil, nil)
    }

    /// Decides anew.
    ///
    /// - Parameters:
    ///   - plan: looks again when a patience ends.
    ///   - template: the annotation that pods of the present template carry.
    ///   - image: the agent's image in that template.
    public mutating func review(
        _ plan: inout Plan, configuration: Configuration, cluster: ClusterView, fleet: Fleet, template: String?,
        image: String?, now: Timestamp
    ) {
        guard cluster.isSynced, let wanted else { return }
        if let template, image == current, image != proven,
            Planner.isProven(template, configuration: configuration, cluster: cluster, fleet: fleet, now: now)
        {
            proven = image
        }
        guard let proven, proven != wanted else {
            (current, trouble, failingSince, silentSince) = (wanted, nil, nil, nil)
            return
        }
        if isRefused { return }
        if current != wanted {
            awaitPull(configuration: configuration, cluster: cluster, fleet: fleet, now: now)
        } else if let template, image == wanted {
            judge(&plan, template, configuration: configuration, cluster: cluster, now: now)
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

    /// Watches the first pod.
    private mutating func judge(
        _ plan: inout Plan, _ template: String, configuration: Configuration, cluster: ClusterView, now: Timestamp
    ) {
        let pods = cluster.pods.values.filter {
            $0.template == template && !$0.isTerminating && cluster.nodes[$0.node]?.isReady == true
        }.sorted { $0.node < $1.node }
        if let (pod, message) = pods.lazy.compactMap({ pod in
            pod.obstacle(under: configuration).map { (pod, $0) }
        }).first {
            // It may run between two crashes: what counts is how long it hasn't worked.
            let since = failingSince ?? now
            failingSince = since
            if since + patience <= now { return refuse(pod, message) }
            plan.lookAgain(at: since + patience)
        }
        guard configuration.runtimeSocket != .none, failingSince == nil,
            let pod = pods.first(where: { $0.isWorking(under: configuration) })
        else { return silentSince = nil }
        let since = silentSince ?? now
        silentSince = since
        if since + Self.silencePatience <= now { return refuse(pod, "its agent runs, but sends no report") }
        plan.lookAgain(at: since + Self.silencePatience)
    }

    private mutating func refuse(_ pod: PodView, _ message: String) {
        trouble = .refused(pod: pod.name, node: pod.node, message: message)
        current = proven
        (failingSince, silentSince) = (nil, nil)
    }
}
