import Logging
import Planning
import Shared

/// The one owner of the coordinator's state: facts come in, the planner is asked, actuators carry out.
///
/// It decides nothing itself. Everything that it knows can be had as a ``Snapshot``.
actor ControlLoop {
    /// Deletes pods; what the plan can make happen in the cluster.
    typealias ReplacePod = @Sendable (Plan.PodReplacement, _ namespace: String) async throws -> Void

    let clock: CoordinatorClock
    let history: any HistoryRecorder
    let replacePod: ReplacePod
    let openGate: OpenGate
    let logger: Logger
    let signals: AsyncStream<Void>
    let signal: AsyncStream<Void>.Continuation

    var configuration: Configuration?
    var revision = 0
    var template: String?
    var cluster = ClusterView()
    var nodesSynced = false
    var podsSynced = false
    var podSource: PodSource?
    var fleet: Fleet
    var restrictedRetries = RestrictedRetries()
    var gates = NodeReadyGates()
    var pullPodActuator: PullPodActuator?
    var waiters = AssignmentWaiters()
    var attemptTally = AttemptTally()
    var isEnding = false
    var random = SystemRandomNumberGenerator()
    /// Nodes that history takes for heard.
    var reachable: Set<String> = []
    /// Nodes that history takes for target nodes, with their labels.
    var members: [String: [String: String]] = [:]
    var outbox = HistoryOutbox()
    var wake: Task<Void, Never>?
    /// The target nodes in order; nil when nodes or configuration have changed since.
    var roster: Roster?
    /// Why the roll-out of the present template doesn't go on, when it doesn't.
    var rollOutTrouble: Plan.RollOutTrouble?

    init(
        clock: CoordinatorClock, history: any HistoryRecorder, logger: Logger,
        openGate: @escaping OpenGate = { _ in false }, replacePod: @escaping ReplacePod
    ) {
        self.clock = clock
        self.history = history
        self.logger = logger
        self.replacePod = replacePod
        self.openGate = openGate
        fleet = Fleet(epoch: UInt64(clamping: clock.now.milliseconds))
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Plans whenever something changed, until cancelled. Changes that come together are planned for together.
    func run() async {
        for await _ in signals {
            replan()
            if Task.isCancelled { break }
            // Many nodes report at once after an edit; one plan for all of them costs less than one for each.
            try? await Task.sleep(for: .milliseconds(10))
        }
        wake?.cancel()
        endWaits()
    }

    // MARK: Facts

    /// A revision was accepted.
    func adopt(_ configuration: Configuration, revision: Int) {
        noteSilence(at: clock.now)
        self.configuration = configuration
        self.revision = revision
        roster = nil
        tell(fleet.adopt(configuration, at: clock.now))
        // Another report interval is another patience.
        for name in members.keys.sorted() { noteHeard(name, at: clock.now) }
        waiters.notifyAll()
        signal.yield()
    }

    /// The DaemonSet's template was applied: pods of another are to be replaced.
    func useTemplate(_ template: String) {
        guard self.template != template else { return }
        self.template = template
        signal.yield()
    }

    /// All nodes, after a list.
    func replaceNodes(_ nodes: [NodeView]) {
        let names = Set(nodes.map(\.name))
        for name in cluster.nodes.keys where !names.contains(name) { removeNode(name) }
        for node in nodes { update(node) }
        nodesSynced = true
        synced()
    }

    func update(_ node: NodeView) {
        let old = cluster.nodes[node.name]
        guard old != node else { return }
        // Another machine under the old name has other images.
        if let old, old.uid != node.uid { removeNode(node.name) }
        if let old {
            gates.noteChange(from: old, to: node, gate: configuration?.scheduling.nodeReadyGate, at: clock.now)
        }
        cluster.nodes[node.name] = node
        roster = nil
        signal.yield()
    }

    func removeNode(_ name: String) {
        cluster.nodes[name] = nil
        roster = nil
        attemptTally.forget(name)
        leave(name)
        fleet.remove(node: name, at: clock.now)
        waiters.notify(node: name)
        signal.yield()
    }

    /// From now on the pods of this DaemonSet count. Those of another are forgotten: they must not be measured by
    /// this one's template.
    func follow(_ source: PodSource) {
        guard podSource != source else { return }
        podSource = source
        template = nil
        cluster.pods = [:]
        cluster.unscheduled = [:]
        forgetPullPods()
        signal.yield()
    }

    /// All pods of a DaemonSet, after a list.
    func replacePods(_ pods: [PodView], unscheduled: [PodView] = [], of source: PodSource) {
        guard source == podSource else { return }
        cluster.unscheduled = Dictionary(unscheduled.map { ($0.uid, $0) }, uniquingKeysWith: { _, last in last })
        cluster.pods = Dictionary(pods.map { ($0.uid, $0) }, uniquingKeysWith: { _, last in last })
        podsSynced = true
        synced()
    }

    func update(_ pod: PodView, of source: PodSource) {
        guard source == podSource, cluster.pods[pod.uid] != pod else { return }
        cluster.unscheduled[pod.uid] = nil
        cluster.pods[pod.uid] = pod
        signal.yield()
    }

    /// A pod that waits for the scheduler: nothing is planned with it, but reports tell why it waits.
    func updateUnscheduled(_ pod: PodView, of source: PodSource) {
        guard source == podSource else { return }
        cluster.unscheduled[pod.uid] = pod
    }

    func removePod(uid: String) {
        cluster.unscheduled[uid] = nil
        guard cluster.pods.removeValue(forKey: uid) != nil else { return }
        signal.yield()
    }

    private func synced() {
        cluster.isSynced = nodesSynced && podsSynced
        roster = nil
        signal.yield()
    }

    // MARK: Questions

    /// What is known now; nil before the first accepted revision and the first list of nodes and pods.
    func snapshot() -> Snapshot? {
        guard let configuration, cluster.isSynced else { return nil }
        return Snapshot(
            configuration: configuration, revision: revision, cluster: cluster, fleet: fleet, now: clock.now)
    }

    /// The configuration in force, its revision and the nodes; nil before they are known.
    func clusterNodes() -> (configuration: Configuration, revision: Int, nodes: [NodeView])? {
        guard let configuration, nodesSynced else { return nil }
        return (configuration, revision, Array(cluster.nodes.values))
    }

    /// Whether every target node that can work has a pod of the present template whose agent runs, and nothing left
    /// to pull that wasn't tried.
    func isFilled() -> Bool {
        guard let configuration, let template, cluster.isSynced else { return false }
        let now = clock.now
        let working = Set(
            cluster.pods.values.lazy.filter {
                !$0.isTerminating && $0.template == template && $0.isWorking(under: configuration)
            }.map(\.node))
        return cluster.nodes.values.filter { configuration.scheduling.selects($0) && $0.isReady }.allSatisfy { node in
            working.contains(node.name)
                && (configuration.runtimeSocket == .none
                    || fleet.entryColumns.allSatisfy { column in
                        let state = fleet.state(node: node.name, column: column, now: now)
                        return state.isPresent || state == .failed
                            || (state == .missing && fleet.isHeldBack(column: column, platform: node.platform))
                    })
        }
    }
}

/// Which DaemonSet's pods are followed.
struct PodSource: Hashable, Sendable {
    var namespace: String
    var daemonSet: String
}
