import Cluster
import ClusterModel
import ImageSets
import Planning
import Shared
import Supervision
import SwiftProtobuf

/// A coordinator's planning and fleet against a modelled cluster, in steps of virtual time.
package struct PlannedCluster {
    package static let start: Int64 = 1_700_000_000_000

    package var model: ClusterModel
    package var random: SeededGenerator
    package private(set) var configuration = Configuration()
    /// Image sets beside the configuration's, as their sources have them.
    package private(set) var listedSets: [ImageSet] = []
    /// The same, held ones that are for so many nodes with those that are chosen.
    package private(set) var sets: [ImageSet] = []
    package var cluster = ClusterView()
    package internal(set) var fleet: Fleet
    package private(set) var agents: [String: ModelAgent] = [:]
    /// Every pull that was ordered in the newest step, with what was known of the cell right before.
    package private(set) var newOrders: [Order] = []
    /// Every pod that was replaced in the newest step, with what was known of its node right before.
    package private(set) var newReplacements: [Replacement] = []
    /// How many pods were woken in the newest step.
    package private(set) var newWakes = 0
    package private(set) var newAdditions = 0
    /// What happened in the newest step, in words.
    package private(set) var newEvents: [String] = []
    package private(set) var lastPlan = Plan()
    /// Nodes that lost their startup taint in the newest step.
    package private(set) var newOpenings: [GateOpening] = []
    var gates = NodeReadyGates()
    /// Probability that a report or its answer gets lost.
    package var loss = 0.0
    /// Probability that a report comes a second time, late.
    package var delay = 0.0
    /// Seconds by which the coordinator's clock is off.
    package var clockError = 0.0
    /// Seconds between refreshes; nil: as the configuration says.
    package var refreshInterval: Double?
    /// Whether agents live in pods, and sleep containers hold images.
    package let hasPods: Bool
    /// By node: until when a pod isn't made.
    var podDue: [String: Seconds] = [:]
    /// The same for pods of further sets.
    var setDue: [PodPlace: Seconds] = [:]
    /// By node: the pod whose agent works, where others may stand by.
    var workers: [String: String] = [:]
    /// By node: the pods whose agents this run has heard.
    var heardAgents: [String: Set<String>] = [:]
    /// By pod whose agent stands by: when it reports next.
    var standbyReports: [String: Seconds] = [:]
    /// The pod template's hash, and our own image in it.
    package private(set) var template = ""
    package private(set) var templateAgentImage: String?
    /// What the template was made from.
    private(set) var templateConfiguration = Configuration()
    /// Seconds from an edit until the template is that of the new list.
    package var templateDelay: Seconds = 0
    private var templateDue: Seconds?
    /// Our own image of each template that there was a pod of.
    package internal(set) var agentImages: [String: String] = [:]
    package var agentImageTrial = AgentImageTrial()
    /// Whether containers may be added to pods.
    package var addsContainers = true
    /// Seconds that the first pod of a template may be in trouble.
    package var trialPatience: Double {
        get { fleet.rollOutPatience }
        set { fleet.rollOutPatience = newValue }
    }
    /// Our own images whose agents crash.
    package var brokenAgentImages: Set<String> = []
    var podCount = 0
    /// By pod, what it was made from.
    var podConfigurations: [String: Configuration] = [:]
    /// No pod is admitted to the namespace.
    package var forbidsPods = false { didSet { mustPlan = true } }
    /// Whether the planner knows that.
    package var tellsRefusals = true
    /// By node, the memory that other pods request.
    package var others: [String: Quantity] = [:]
    /// Nodes on which no pod gets beyond its beginning.
    package var stuckNodes: Set<String> = []
    /// Probability that a pod can't be deleted.
    package var deletionFailure = 0.0
    private var retries = RestrictedRetries()

    private var coordinatorRuns: UInt64 = 1
    private var boots = 0
    private var roster: Roster?
    /// What is mounted into each node's agent.
    private var credentials: [String: Credential] = [:]
    private var lastExchange: [String: Seconds] = [:]
    private var late: [(at: Seconds, report: WireReport)] = []
    private var mustPlan = true

    package struct Replacement {
        package var plan: Plan.PodReplacement
        /// The pod was of the present template: it was replaced to hold another image.
        package var isOfTemplate: Bool
        package var isWorking: Bool
        /// The image entries whose containers ran in it.
        package var held: Set<String>
        package var orders: Int
        package var states: [CellState]
        /// Percent of the image file system, as its agent said last.
        package var usedPercent: Double
    }

    package struct Order {
        package var at: Timestamp
        package var pull: Plan.Pull
        package var failure: Failure?
        package var state: CellState
    }

    package var now: Timestamp {
        Timestamp(milliseconds: Self.start + Int64(((model.now + clockError) * 1000).rounded()))
    }

    package init(seed: UInt64, nodes: [NodeModel], registries: [RegistryModel], hasPods: Bool = false) {
        model = ClusterModel(seed: seed)
        // Not the model's numbers, nor those of a history of the next seed.
        random = SeededGenerator(seed: seed ^ 0x5EED_C00D_17A7_0E5D)
        fleet = Fleet(epoch: 1)
        self.hasPods = hasPods
        for registry in registries { model.addRegistry(registry) }
        cluster.isSynced = true
        for node in nodes { addNode(node) }
    }

    // MARK: Changes

    package mutating func addNode(_ node: NodeModel, zone: String? = nil) {
        model.addNode(node)
        boots += 1
        var view = NodeView(name: node.name, uid: "uid\(boots)")
        if let zone { view.labels["topology.kubernetes.io/zone"] = zone }
        let parts = node.platform.split(separator: "/")
        if parts.count == 2 { view.labels["kubernetes.io/arch"] = String(parts[1]) }
        markReady(&view)
        cluster.nodes[node.name] = view
        if hasPods {
            preparePod(on: node.name)
        } else {
            // Agents that live without one are seen as if they had one.
            var pod = PodView(name: "pod-\(node.name)", uid: "pod-\(node.name)-\(boots)", node: node.name)
            var agent = ContainerView()
            agent.isRunning = true
            pod.containers[Configuration.agentContainerName] = agent
            cluster.pods[pod.uid] = pod
            startAgent(on: node.name)
        }
        changed()
    }

    package mutating func removeNode(_ name: String) {
        model.removeNode(name)
        agents[name] = nil
        cluster.nodes[name] = nil
        for pod in cluster.pods.on(name) { cluster.pods.remove(uid: pod.uid) }
        cluster.unscheduled = cluster.unscheduled.filter { $0.value.node != name }
        stuckNodes.remove(name)
        cluster.pullPods = cluster.pullPods.filter { $0.value.node != name }
        podDue[name] = nil
        workers[name] = nil
        heardAgents[name] = nil
        setDue = setDue.filter { $0.key.node != name }
        fleet.remove(node: name, at: now)
        changed()
    }

    package mutating func changeNode(_ name: String, _ change: (inout NodeView) -> Void) {
        guard let old = cluster.nodes[name] else { return }
        var node = old
        change(&node)
        cluster.nodes[name] = node
        gates.noteChange(from: old, to: node, gate: configuration.scheduling.nodeReadyGate, at: now)
        changed()
    }

    /// Takes effect at once, as an edit of the ConfigMap does.
    package mutating func configure(_ configuration: Configuration) {
        if (self.configuration.runtimeSocket == .none) != (configuration.runtimeSocket == .none) {
            for name in cluster.nodes.keys.sorted() { fleet.remove(node: name, at: now) }
        }
        self.configuration = configuration
        listedSets = listedSets.map { set in
            set.configuration.map { ImageSet(name: set.name, own: $0, main: configuration) } ?? set
        }
        chooseNodes()
        agentImageTrial.want(configuration.agentImage)
        adopt()
        if templateDelay > 0 { templateDue = model.now + templateDelay } else { applyTemplate() }
        changed()
    }

    /// Sets come, change and go without any edit of the configuration.
    package mutating func use(_ sets: [ImageSet]) {
        listedSets = sets
        chooseNodes()
        adopt(isEdit: false)
        changed()
    }

    private mutating func chooseNodes() {
        sets = listedSets.map { set in
            set.count == nil ? set : set.pinned(to: set.choose(of: cluster.nodes.values, from: []).sorted())
        }
    }

    private mutating func adopt(isEdit: Bool = true) {
        _ = fleet.adopt(configuration, sets: sets, isEdit: isEdit, at: now)
        if let refreshInterval { fleet.cachingIntervalSeconds = refreshInterval }
    }

    /// What the keeper of the DaemonSet does.
    private mutating func applyTemplate() {
        templateAgentImage = agentImageTrial.current
        template = hash(configuration, agentImage: templateAgentImage)
        templateConfiguration = configuration
        templateDue = nil
        mustPlan = true
    }

    /// Whether the template is still that of the list before an edit.
    package var awaitsTemplate: Bool { templateDue != nil }

    func hash(_ configuration: Configuration, agentImage: String?) -> String {
        let parts = configuration.images.map { "\($0.container)=\($0.reference.normalised)" }
        let resources = configuration.sleepResources
        let others = [
            configuration.daemonSetName, agentImage ?? "", "\(configuration.runtimeSocket)", resources.memoryRequest,
            resources.memoryLimit,
        ]
        return StableHash.hex64((parts + others).joined(separator: ";"))
    }

    package mutating func restartCoordinator() {
        coordinatorRuns += 1
        let noted = agentImageTrial
        agentImageTrial = AgentImageTrial()
        agentImageTrial.want(configuration.agentImage)
        agentImageTrial.recall(inTemplate: templateAgentImage, proven: noted.proven)
        let patience = trialPatience
        fleet = Fleet(epoch: coordinatorRuns)
        trialPatience = patience
        gates = NodeReadyGates()
        retries = RestrictedRetries()
        heardAgents = [:]
        // Their connections end.
        for pod in standbyReports.keys { standbyReports[pod] = model.now + 3 }
        adopt()
        late = []
        applyTemplate()
        changed()
    }

    package mutating func restartAgent(_ name: String) {
        guard agents[name] != nil else { return }
        startAgent(on: name)
    }

    package mutating func powerOff(_ name: String) {
        model.setOnline(false, node: name)
    }

    /// A node that was off comes back with a new process of its agent.
    package mutating func powerOn(_ name: String) {
        guard !model.isOnline(name) else { return }
        model.setOnline(true, node: name)
        if hasPods { agents[name] = nil } else { startAgent(on: name) }
    }

    package mutating func giveCredential(_ credential: Credential?, node: String) {
        credentials[node] = credential
        mountCredential(on: node)
    }

    package func hasCredential(_ node: String) -> Bool { credentials[node] != nil }

    private mutating func mountCredential(on node: String) {
        let credential = credentials[node]
        agents[node]?.credential = credential
        agents[node]?.secretsDigest = credential.map { StableHash.hex64($0.username + $0.password) } ?? ""
    }

    package mutating func hurry(_ reference: ImageReference, node: String? = nil) -> Int? {
        mustPlan = true
        return fleet.hurry(reference, node: node, at: now)
    }

    mutating func startAgent(on name: String) {
        agents[name]?.stop(&model)
        boots += 1
        agents[name] = ModelAgent(node: name, bootID: "boot\(boots)")
        mountCredential(on: name)
    }

    mutating func stopAgent(on name: String) {
        agents[name]?.stop(&model)
        agents[name] = nil
    }

    mutating func changed() {
        roster = nil
        mustPlan = true
    }

    mutating func planSoon() { mustPlan = true }

    // MARK: Time

    /// The model goes on, agents report, the planner plans.
    package mutating func step(seconds: Seconds = 1) {
        newEvents = []
        for event in model.advance(to: model.now + seconds) {
            switch event.kind {
            case .pullFinished(let pull):
                guard let runtime = model.runtime(event.node) else { continue }
                newEvents.append("\(event.node) \(pull.reference) \(pull.failure?.message ?? "pulled")")
                agents[event.node]?.pullFinished(pull, runtime: runtime, at: event.time)
            default: observePods(event)
            }
            observePullPods(event)
        }
        if let templateDue, templateDue <= model.now { applyTemplate() }
        if hasPods {
            keepPods()
            extendPods()
        }
        deliverLate()
        reportStandbys()
        for name in agents.keys.sorted() where model.isOnline(name) { agents[name]?.expire(&model) }
        for name in agents.keys.sorted() where model.isOnline(name) && isDue(name) { exchange(with: name) }
        newOrders = []
        newReplacements = []
        newWakes = 0
        newAdditions = 0
        newOpenings = []
        plan()
    }

    private mutating func plan() {
        let isDue = lastPlan.wake.map { $0 <= now } ?? false
        guard mustPlan || isDue else { return }
        mustPlan = false
        if roster == nil {
            let former = sets
            chooseNodes()
            if sets != former { adopt(isEdit: false) }
        }
        let roster = self.roster ?? Roster(cluster, scheduling: configuration.scheduling, sets: sets)
        if self.roster == nil { _ = fleet.serve(roster, at: now) }
        self.roster = roster
        var plan = Planner.plan(
            configuration: configuration, cluster: cluster, fleet: fleet, roster: roster,
            template: hasPods ? template : nil, successor: successor, further: hasPods ? held : [], now: now)
        retries.add(
            to: &plan, configuration: configuration, cluster: cluster, template: template, now: now, using: &random)
        let former = agentImageTrial.current
        agentImageTrial.review(
            plan, configuration: configuration, cluster: cluster, fleet: fleet, template: hasPods ? template : nil,
            image: templateAgentImage, now: now)
        newOpenings = planGates(&plan)
        lastPlan = plan
        for pull in plan.pulls {
            let column = fleet.references.firstIndex { $0.normalised == pull.reference.normalised } ?? 0
            newOrders.append(
                Order(
                    at: now, pull: pull, failure: fleet.failure(node: pull.node, column: column),
                    state: fleet.state(node: pull.node, column: column, now: now)))
        }
        newReplacements = plan.replacements.map(describe)
        _ = fleet.carryOut(plan, at: now)
        if agentImageTrial.current != former { applyTemplate() }
        newWakes = plan.wakes.count
        newAdditions = plan.wakes.reduce(0) { $0 + $1.additions.count }
        carryOutAdditions(plan)
        for wake in plan.wakes { model.syncPod(wake.uid, node: wake.node) }
        for mark in plan.marks {
            cluster.pods[mark.uid]?.replacesNothing = true
            cluster.unscheduled[mark.uid]?.replacesNothing = true
        }
        openGates()
        carryOutPullPods(plan)
        for replacement in plan.replacements { replacePod(replacement) }
        if !plan.pulls.isEmpty || !plan.cancellations.isEmpty || !plan.shortages.isEmpty { mustPlan = true }
    }

    private func describe(_ replacement: Plan.PodReplacement) -> Replacement {
        let pod = cluster.pods[replacement.uid]
        let disk = fleet.nodes[replacement.node]?.imageFilesystem
        let capacity = Double(max(1, disk?.capacityBytes ?? 1))
        return Replacement(
            plan: replacement, isOfTemplate: pod?.template == template(of: replacement.set),
            isWorking: pod?.isWorking(under: configuration) ?? false,
            held: Set(
                (pod?.containers ?? [:]).filter {
                    $0.key != Configuration.agentContainerName && $0.value.isRunning
                }.keys),
            orders: fleet.orders.count { $0.node == replacement.node },
            states: fleet.columns(of: replacement.set).map {
                fleet.state(node: replacement.node, column: $0, now: now)
            },
            usedPercent: disk.map { 100 - 100 * Double($0.freeBytes) / capacity } ?? 0)
    }

    /// News, another assignment, or the next heartbeat.
    private func isDue(_ name: String) -> Bool {
        guard let agent = agents[name] else { return false }
        if agent.hasNews || fleet.nodes[name]?.generation != agent.assignment.generation { return true }
        return model.now >= (lastExchange[name] ?? -1e9) + Double(configuration.pollSeconds)
    }

    private mutating func exchange(with name: String) {
        guard var agent = agents[name], let runtime = model.runtime(name) else { return }
        lastExchange[name] = model.now
        agent.poll(runtime, at: model.now)
        let report = agent.report(at: model.now, disk: runtime)
        if delay > 0, random.unit() < delay { late.append((model.now + 10 * random.unit(), report)) }
        if loss == 0 || random.unit() >= loss {
            let platform = cluster.nodes[name]?.platform ?? ""
            let checked = CheckedReport(modelled: report)
            if let worker = workers[name] { hearAgent(worker, on: name) }
            let ingestion = fleet.ingest(checked, platform: platform, at: now, using: &random)
            if let pod = workers[name].flatMap({ cluster.pods[$0] }) { fleet.noteAgent(of: pod.set, on: name) }
            mustPlan = mustPlan || !ingestion.transitions.isEmpty || !report.attempts.isEmpty || ingestion.needsFull
            mustPlan = mustPlan || report.inventory != nil
            var reply = WireReportReply()
            reply.acknowledgedSequence = report.sequence
            reply.sendFull = ingestion.needsFull
            reply.acknowledgedAttempt = report.attempts.map(\.id).max() ?? 0
            reply.assignment = fleet.assignment(node: name)
            if loss == 0 || random.unit() >= loss { agent.receive(reply, model: &model) }
        } else {
            // It is tried again at once.
            lastExchange[name] = nil
        }
        agents[name] = agent
    }

    private mutating func deliverLate() {
        for (_, report) in late.filter({ $0.at <= model.now }) where cluster.nodes[report.node] != nil {
            _ = fleet.ingest(CheckedReport(modelled: report), at: now, using: &random)
            mustPlan = true
        }
        late.removeAll { $0.at <= model.now }
    }

    // MARK: Questions

    /// What the sets want of a node, besides the configuration: said anew, without asking whoever plans.
    package func furtherReferences(of node: String) -> [ImageReference] {
        guard !sets.isEmpty else { return [] }
        let roster = Roster(cluster, scheduling: configuration.scheduling, sets: sets)
        return sets.filter { roster.nodes(of: $0.name).contains(node) }.flatMap(\.references)
    }

    /// Whether `default` selects a node.
    package func isSelected(_ node: String) -> Bool {
        cluster.nodes[node].map(configuration.scheduling.selects) ?? false
    }

    /// What all sets want of a node, `default` too.
    package func wantedReferences(of node: String) -> [ImageReference] {
        (isSelected(node) ? configuration.images.map(\.reference) : []) + furtherReferences(of: node)
    }

    /// Whether a node is ready, heard, and has room: what others were told counts for nothing.
    package func canPull(_ name: String) -> Bool {
        guard let view = cluster.nodes[name], let node = fleet.nodes[name] else { return false }
        return view.isReady && !view.hasDiskPressure && fleet.isKnown(node, now: now)
    }

    /// Whether a node can be expected to have an image.
    package func isOffered(_ reference: ImageReference, to node: String) -> Bool {
        guard let image = model.registry(reference.registry)?.image(reference), let node = model.node(node) else {
            return false
        }
        return image.platforms.contains(node.platform)
    }

    /// Whether every target node's runtime has every image that its registry offers.
    package var isCovered: Bool {
        agents.keys.allSatisfy { node in
            guard let runtime = model.runtime(node) else { return true }
            return wantedReferences(of: node).allSatisfy { reference in
                !isOffered(reference, to: node) || runtime.image(reference.normalised) != nil
            }
        }
    }

    /// Whether every node has what its registry means by each reference today.
    package var isCurrent: Bool {
        cluster.nodes.keys.filter(isSelected).allSatisfy { node in
            configuration.images.allSatisfy { entry in
                guard isOffered(entry.reference, to: node) else { return true }
                let image = model.registry(entry.reference.registry)?.image(entry.reference)
                return model.runtime(node)?.image(entry.reference.normalised)?.configDigest == image?.id
            }
        }
    }

    /// Whether containers use all of them.
    package var isHeld: Bool {
        cluster.nodes.keys.filter(isSelected).allSatisfy { node in
            guard let runtime = model.runtime(node) else { return true }
            return configuration.images.allSatisfy { entry in
                guard isOffered(entry.reference, to: node) else { return true }
                guard let image = runtime.image(entry.reference.normalised) else { return false }
                return runtime.isHeld(imageID: image.id)
            }
        }
    }
}
