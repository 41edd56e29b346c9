import ClusterModel
import Planning
import Shared
import SwiftProtobuf

/// A coordinator's planning and fleet against a modelled cluster, in steps of a second of virtual time.
struct PlannedCluster {
    static let start: Int64 = 1_700_000_000_000

    var model: ClusterModel
    var random: SeededGenerator
    var configuration = Configuration()
    var cluster = ClusterView()
    var fleet: Fleet
    private(set) var agents: [String: ModelAgent] = [:]
    private(set) var transitions: [Transition] = []
    /// Every pull that was ordered: when, where, what.
    private(set) var orders: [(at: Timestamp, node: String, reference: String)] = []
    /// Probability that a report or its answer gets lost.
    var loss = 0.0
    private var coordinatorRuns: UInt64 = 1
    private var boots = 0

    var now: Timestamp { Timestamp(milliseconds: Self.start + Int64(model.now * 1000)) }

    init(seed: UInt64, nodes: [NodeModel], registries: [RegistryModel]) {
        model = ClusterModel(seed: seed)
        random = SeededGenerator(seed: seed &+ 1)
        fleet = Fleet(epoch: 1)
        for registry in registries { model.addRegistry(registry) }
        cluster.isSynced = true
        for node in nodes { addNode(node) }
    }

    mutating func addNode(_ node: NodeModel) {
        model.addNode(node)
        boots += 1
        agents[node.name] = ModelAgent(node: node.name, bootID: "boot\(boots)")
        cluster.nodes[node.name] = NodeView(name: node.name, uid: "uid\(boots)")
    }

    mutating func removeNode(_ name: String) {
        model.removeNode(name)
        agents[name] = nil
        cluster.nodes[name] = nil
        fleet.remove(node: name)
    }

    mutating func configure(_ configuration: Configuration) {
        self.configuration = configuration
        transitions += fleet.adopt(configuration, at: now)
    }

    mutating func restartCoordinator() {
        coordinatorRuns += 1
        fleet = Fleet(epoch: coordinatorRuns)
        transitions += fleet.adopt(configuration, at: now)
    }

    mutating func restartAgent(_ name: String) {
        boots += 1
        agents[name]?.restart(bootID: "boot\(boots)", model: &model)
    }

    /// A node that was off comes back with a new process of its agent.
    mutating func powerOn(_ name: String) {
        guard !model.isOnline(name) else { return }
        model.setOnline(true, node: name)
        restartAgent(name)
    }

    /// One second: the model goes on, agents report, the planner plans.
    mutating func step() {
        for event in model.advance(to: model.now + 1) {
            guard case .pullFinished(let pull) = event.kind, let runtime = model.runtime(event.node) else { continue }
            agents[event.node]?.pullFinished(pull, runtime: runtime, at: event.time)
        }
        for name in agents.keys.sorted() where model.isOnline(name) { exchange(with: name) }
        let plan = Planner.plan(
            configuration: configuration, cluster: cluster, fleet: fleet, template: nil, now: now)
        for cancellation in plan.cancellations {
            transitions += fleet.cancel(order: cancellation.order, node: cancellation.node, at: now)
        }
        for pull in plan.pulls {
            orders.append((now, pull.node, pull.reference.written))
            transitions += fleet.order(pull.reference, node: pull.node, at: now)
        }
    }

    private mutating func exchange(with name: String) {
        guard var agent = agents[name], let runtime = model.runtime(name) else { return }
        agent.poll(runtime, at: model.now)
        let report = agent.report(at: model.now)
        if random.unit() >= loss {
            let ingestion = fleet.ingest(report, at: now, using: &random)
            transitions += ingestion.transitions
            var reply = WireReportReply()
            reply.acknowledgedSequence = report.sequence
            reply.sendFull = ingestion.needsFull
            reply.acknowledgedAttempt = report.attempts.map(\.id).max() ?? 0
            reply.assignment = fleet.assignment(node: name)
            if random.unit() >= loss { agent.receive(reply, model: &model) }
        }
        agents[name] = agent
    }

    /// Whether every target node's runtime has every image that its registry offers.
    var isCovered: Bool {
        agents.keys.allSatisfy { node in
            configuration.images.allSatisfy { entry in
                let isOffered = model.registry(entry.reference.registry)?.image(entry.reference) != nil
                return !isOffered || model.runtime(node)?.image(entry.reference.written) != nil
            }
        }
    }
}
