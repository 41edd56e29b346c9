import Cluster
import History
import ImageSets
import Logging
import Planning
import Reporting
import Shared
import Supervision

/// The one owner of the coordinator's state: facts come in, the planner is asked, actuators carry out.
///
/// It decides nothing itself. Everything that it knows can be had as a ``Snapshot``.
package actor ControlLoop {
    /// Deletes pods; what the plan can make happen in the cluster.
    package typealias ReplacePod = @Sendable (Plan.PodReplacement, _ namespace: String) async throws -> Void
    /// Makes a pod's kubelet look at it.
    package typealias WakePod = @Sendable (Plan.Wake, _ namespace: String) async -> Void
    /// Notes on a pod what another run is to know.
    package typealias MarkPod = @Sendable (Plan.PodMark, _ namespace: String) async -> Void

    package nonisolated let clock: CoordinatorClock
    package nonisolated let history: any HistoryRecorder
    /// Where agents' connections wait, and leave what the fleet needn't hear at once.
    package nonisolated let reports = ReportBoard()
    let replacePod: ReplacePod
    let wakePod: WakePod
    let markPod: MarkPod
    let openGate: OpenGate
    /// Nil: pods are only replaced.
    let extender: PodExtender?
    let logger: Logger
    let signals: AsyncStream<Void>
    let signal: AsyncStream<Void>.Continuation

    /// As it was accepted.
    var accepted: Configuration?
    /// The same with images named as pods name them.
    package var configuration: Configuration?
    /// The held sets beside the configuration's, as they were accepted, the oldest first.
    var held: [ImageSet] = []
    /// The oldest first.
    var prefetches: [ImageSet] = []
    /// By image set.
    var daemonSets = [ImageSet.defaultName: DaemonSetState()]
    /// The references that image sets listed at the last look.
    var formerReferences: Set<String> = []
    /// What history was told of image sets last; nil: nothing that it may not have lost.
    var toldSets: SetNote?
    /// Who may still find some of them, and until when that is waited for.
    var awaitedSets: (sources: Set<SetSource>, until: Timestamp)?
    var revision = 0
    /// Which of our own images the template is to have.
    var agentImageTrial = AgentImageTrial()
    /// Called when that, or which one is proven, has changed.
    private var agentImageChanged: (@Sendable () async -> Void)?
    /// The chosen nodes of held sets that want so many of them.
    var pins: [String: [String]] = [:]
    var pinsChanged: (@Sendable () async -> Void)?
    package var cluster = ClusterView()
    var nodesSynced = false
    package var followedPods = FollowedPods()
    var fleet: Fleet
    var gates = NodeReadyGates()
    var podLedger = PodLedger()
    var pullPodActuator: PullPodActuator?
    var waiters = AssignmentWaiters()
    /// Ends those whose time has come.
    var waitTimer: (due: ContinuousClock.Instant, task: Task<Void, Never>)?
    var attemptTally = AttemptTally()
    var givenOrders: GivenOrders
    var changeBudget = ChangeBudget()
    /// Nodes whose changes were too many: history doesn't know how they are now.
    var untold: Set<String> = []
    /// Somebody will look for a plan within a second.
    var isSignalDue = false
    /// Seconds of a processor that one report took at most.
    var longestHold = 0.0
    /// What was cut off the newest report of each node; nodes whose report was whole aren't here.
    var reportCuts: [String: CheckedReport.Cuts] = [:]
    /// When that was logged last, by node.
    var cutsLogged: [String: Timestamp] = [:]
    package var isEnding = false
    /// Of nodes that have several agents: which of them works.
    var nodeAgents: [String: NodeAgents] = [:]
    /// Nodes of which another agent speaks from now on, and hasn't yet.
    var takenOver: Set<String> = []
    /// Looks after those.
    var agentWatch: Task<Void, Never>?
    /// Agents that are refused, by their node.
    var refusals: [String: AgentRefusal] = [:]
    var random = SystemRandomNumberGenerator()
    /// Nodes that history takes for heard.
    var reachable: Set<String> = []
    /// Nodes that history takes for target nodes, with their labels.
    var members: [String: [String: String]] = [:]
    var outbox = HistoryOutbox()
    var wake: Task<Void, Never>?
    /// The target nodes in order; nil when nodes or configuration have changed since.
    var roster: Roster? {
        didSet { if roster == nil { targets = nil } }
    }
    /// The target nodes by name, as questions want them; nil as the roster is.
    private var targets: TargetNodes?
    /// Registries of which is logged that they fail on many nodes.
    var openCircuits: Set<String> = []

    package init(
        clock: CoordinatorClock, history: any HistoryRecorder, logger: Logger,
        openGate: @escaping OpenGate = { _ in false }, wakePod: @escaping WakePod = { _, _ in },
        extender: PodExtender? = nil, markPod: @escaping MarkPod = { _, _ in }, replacePod: @escaping ReplacePod
    ) {
        self.clock = clock
        self.history = history
        self.logger = logger
        self.replacePod = replacePod
        self.wakePod = wakePod
        self.markPod = markPod
        self.openGate = openGate
        self.extender = extender
        let fleet = Fleet(epoch: UInt64(clamping: clock.now.milliseconds))
        self.fleet = fleet
        givenOrders = GivenOrders(firstID: fleet.firstOrderID)
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Plans whenever something changed, until cancelled. Changes that come together are planned for together.
    package func run() async {
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
    ///
    /// - Parameter held: the held sets beside it, as they are under this revision; nil: they stay.
    package func adopt(_ accepted: Configuration, revision: Int, held: [ImageSet]? = nil) {
        self.accepted = accepted
        if let held { note(held: held) }
        let configuration = daemonSets[ImageSet.defaultName]?.admittedImages.applied(to: accepted) ?? accepted
        hearHeartbeats()
        noteSilence(at: clock.now)
        let hadAgents = self.configuration.map { $0.runtimeSocket != RuntimeSocket.none }
        self.configuration = configuration
        self.revision = revision
        roster = nil
        agentImageTrial.want(configuration.agentImage)
        let transitions = fleet.adopt(configuration, sets: sets, at: clock.now)
        if hadAgents != false { serve(after: transitions, at: clock.now) }
        noteListed()
        if let hadAgents, hadAgents == isRestricted { changeWitnesses() }
        // Another report interval is another patience.
        for name in members.keys.sorted() { noteHeard(name, at: clock.now) }
        notePods()
        reports.set(silence: fleet.silenceSeconds)
        reports.set(isReady: isReady)
        wakeAgents()
        signal.yield()
    }

    /// The DaemonSet's template was applied: pods of another are to be replaced.
    ///
    /// - Parameters:
    ///   - images: that it writes, by container.
    ///   - set: whose DaemonSet it is.
    func useTemplate(
        _ template: String, agentImage: String? = nil, images: [String: ImageReference] = [:],
        successor: Successor = Successor(), addedContainer: JSONValue? = nil, of set: String = ImageSet.defaultName
    ) {
        var successor = successor
        if extender == nil { successor.frame = nil }
        guard let state = daemonSets[set],
            state.template != template || state.templateAgentImage != agentImage || state.successor != successor
        else { return }
        daemonSets[set]?.template = template
        daemonSets[set]?.templateImages = images
        daemonSets[set]?.successor = successor
        daemonSets[set]?.addedContainer = addedContainer
        daemonSets[set]?.templateAgentImage = agentImage
        signal.yield()
    }

    /// What the DaemonSet of an earlier run says of our own image.
    func recall(agentImage: String?, proven: String?) {
        agentImageTrial.recall(inTemplate: agentImage, proven: proven)
        signal.yield()
    }

    /// Whoever keeps the DaemonSet wants to know when its template is to have another image of ours.
    ///
    /// - Parameter patience: seconds that the first pod of a new one may fail.
    package func onAgentImageChange(patience: Double, _ body: @escaping @Sendable () async -> Void) {
        fleet.rollOutPatience = patience
        agentImageChanged = body
    }

    /// Tries a new image of ours, or takes it back.
    func reviewAgentImage(_ plan: Plan, at now: Timestamp) {
        let set = trialSet
        guard let configuration = configuration(of: set), let state = daemonSets[set] else { return }
        let before = agentImageTrial
        agentImageTrial.review(
            plan, of: set, configuration: configuration, cluster: cluster, fleet: fleet, template: state.template,
            image: state.templateAgentImage, now: now)
        guard before.current != agentImageTrial.current || before.proven != agentImageTrial.proven,
            let agentImageChanged
        else { return }
        Task { await agentImageChanged() }
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
        notePods(of: [node.name])
        signal.yield()
    }

    func removeNode(_ name: String) {
        cluster.nodes[name] = nil
        refusals[name] = nil
        roster = nil
        attemptTally.forget(name)
        givenOrders.forget(name)
        changeBudget.forget(name)
        untold.remove(name)
        reportCuts[name] = nil
        cutsLogged[name] = nil
        leave(name)
        podLedger.forget(name)
        fleet.remove(node: name, at: clock.now)
        waiters.notify(node: name)
        forgetAgents(of: name)
        reports.remove(name)
        signal.yield()
    }

    func synced() {
        cluster.isSynced = nodesSynced && followedPods.isSynced
        roster = nil
        notePods()
        reports.set(isReady: isReady)
        signal.yield()
    }

    // MARK: Questions

    /// What is known now; nil before the first accepted revision and the first list of nodes and pods.
    package func snapshot() -> Snapshot? {
        hearHeartbeats()
        guard let configuration, cluster.isSynced else { return nil }
        var snapshot = Snapshot(
            configuration: configuration, revision: revision, cluster: cluster, fleet: fleet, now: clock.now,
            refusals: refusals)
        snapshot.reportCuts = reportCuts
        snapshot.whyNoPod = daemonSets.compactMapValues(\.whyNoPod)
        snapshot.successors = daemonSets.mapValues(\.plannedSuccessor)
        snapshot.rollOutTroubles = daemonSets.compactMapValues(\.rollOutTrouble)
        snapshot.agents = nodeAgents
        snapshot.admittedImages = daemonSets[ImageSet.defaultName]?.admittedImages ?? AdmittedImages()
        // Of thousands of nodes they are worth keeping: to sort them takes longer than to count their cells.
        snapshot.sets = sets
        snapshot.knownRoster = roster
        snapshot.knownTargets = targets
        if roster != nil {
            targets = snapshot.targetNodes
            snapshot.knownTargets = targets
        }
        return snapshot
    }

    /// The configuration in force, its revision and the nodes; nil before they are known.
    func clusterNodes(
        for set: String = ImageSet.defaultName
    ) -> (configuration: Configuration, revision: Int, nodes: [NodeView])? {
        guard let configuration = configuration(of: set), nodesSynced else { return nil }
        return (configuration, revision, Array(cluster.nodes.values))
    }

    /// On how many nodes an agent's container runs, and whether any agent was heard or refused; nil without agents, and
    /// before the pods are known.
    func agentContact() -> (running: Int, heard: Bool)? {
        guard let configuration, configuration.runtimeSocket != .none, cluster.isSynced else { return nil }
        // Mostly the first one is heard, and nothing needs to be counted.
        if !refusals.isEmpty || fleet.nodes.values.contains(where: { $0.lastReport != nil }) { return (0, true) }
        let name = Configuration.agentContainerName
        let running = cluster.pods.values.lazy.filter { !$0.isTerminating && $0.containers[name]?.isRunning == true }
        return (Set(running.map(\.node)).count, false)
    }

    /// Whether every target node that can work has a pod of the present template whose agent runs, and nothing left
    /// to pull that wasn't tried. A few may have no room for it beside a former DaemonSet's.
    func isFilled(_ set: String = ImageSet.defaultName) -> Bool {
        guard let configuration = configuration(of: set), let template = daemonSets[set]?.template, cluster.isSynced,
            followedPods.listed.contains(set)
        else { return false }
        let now = clock.now
        let working = Set(
            cluster.pods.of(set).lazy.filter {
                !$0.isTerminating && $0.template == template && $0.isWorking(under: configuration)
            }.map(\.node))
        let targets = cluster.nodes.values.filter(configuration.scheduling.selects)
        let ready = targets.filter(\.isReady)
        // Nodes that are all silent for a moment have nothing of the new one.
        guard !ready.isEmpty || targets.isEmpty else { return false }
        let waiting = Set(
            cluster.unscheduled.values.lazy.filter { $0.set == set && $0.template == template }.map(\.node))
        let crowded = ready.count { !working.contains($0.name) && waiting.contains($0.name) }
        guard crowded <= configuration.rollLimit(nodes: ready.count), crowded < ready.count || crowded <= 1 else {
            return false
        }
        return ready.allSatisfy { node in
            if !working.contains(node.name) { return waiting.contains(node.name) }
            return configuration.runtimeSocket == .none
                || fleet.columns(of: set).allSatisfy { column in
                    let state = fleet.state(node: node.name, column: column, now: now)
                    return state.isPresent || state == .failed
                        || (state == .missing && fleet.isHeldBack(column: column, platform: node.platform))
                }
        }
    }
}
