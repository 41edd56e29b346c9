import Cluster
import ImageSets
import Planning

/// Which nodes lose the startup taint of ``NodeReadyGate``, and when: once every image is present, or after the timeout.
///
/// Presence is what a node's report says now. While it is unknown, as after a restart of the coordinator, nothing is
/// concluded; only the timeout runs on, since it counts from when the node became ready, which the cluster remembers.
public struct NodeReadyGates: Sendable {
    /// Taints that are taken at once.
    public static let mostAtOnce = 32
    /// The longest pause between two tries, in seconds. Permissions are granted, too.
    static let longestPause = 60.0

    private struct Node: Sendable {
        var uid: String
        /// The timeout counts from then.
        var start: Timestamp
        var isUnderWay = false
        var failures = 0
        var nextAttempt: Timestamp?
    }

    /// Those with the taint that are, or were, ready.
    private var nodes: [String: Node] = [:]

    public init() {}

    /// A node has changed. One that got the taint when it had been there for long is given the whole timeout.
    public mutating func noteChange(from old: NodeView, to node: NodeView, gate: NodeReadyGate?, at now: Timestamp) {
        guard let gate, old.uid == node.uid, gate.isClosed(on: node), !gate.isClosed(on: old) else { return }
        nodes[node.name] = Node(uid: node.uid, start: now)
    }

    /// Finds the nodes whose taint is due to go. Target nodes alone: the others are nobody's business here.
    ///
    /// - Parameters:
    ///   - plan: gets the moments at which others may be due.
    ///   - template: of the DaemonSet's pods; in restricted mode pods of another tell of other images.
    ///   - further: held sets whose nodes are kept back until theirs are there, too.
    public mutating func openings(
        _ plan: inout Plan, configuration: Configuration, cluster: ClusterView, fleet: Fleet, template: String?,
        further: [HeldSet] = [], now: Timestamp
    ) -> [GateOpening] {
        guard let gate = configuration.scheduling.nodeReadyGate, cluster.isSynced else {
            nodes = [:]
            return []
        }
        let closed = cluster.nodes.values.filter(gate.isClosed)
        forget(exceptFor: closed)
        guard !closed.isEmpty else { return [] }
        var openings: [GateOpening] = []
        let own = HeldSet(name: ImageSet.defaultName, configuration: configuration, template: template)
        let presences = ([own] + further).map { ImagePresence($0, cluster, fleet, now: now) }
        var room = Self.mostAtOnce - nodes.values.count(where: \.isUnderWay)
        for node in closed.sorted(by: { $0.name < $1.name }) {
            let presences = presences.filter { $0.set.configuration.scheduling.selects(node) }
            guard node.isReady, !presences.isEmpty else { continue }
            let state = state(of: node, now: now)
            guard !state.isUnderWay else { continue }
            let deadline = state.start + Double(gate.timeoutSeconds)
            // The next plan knows what is lacking.
            guard !plan.findsDamage(on: node.name) else {
                plan.lookAgain(at: max(deadline, now + 1))
                continue
            }
            guard deadline <= now || presences.allSatisfy({ $0.isComplete(on: node.name) }) else {
                plan.lookAgain(at: deadline)
                continue
            }
            if let next = state.nextAttempt, next > now {
                plan.lookAgain(at: next)
                continue
            }
            // The end of one that is under way is a reason to plan.
            guard room > 0 else { continue }
            room -= 1
            nodes[node.name]?.isUnderWay = true
            openings.append(
                GateOpening(
                    node: node.name, uid: node.uid, taint: gate.taint,
                    seconds: max(0, Double(now.milliseconds(since: state.start)) / 1000),
                    lacking: presences.flatMap { $0.lacking(on: node.name) }))
        }
        return openings
    }

    /// The try to take a node's taint has ended.
    public mutating func ended(node: String, succeeded: Bool, at now: Timestamp) {
        guard let state = nodes[node] else { return }
        let failures = succeeded ? 0 : state.failures + 1
        nodes[node]?.isUnderWay = false
        nodes[node]?.failures = failures
        // After a success the watch tells soon that it has gone; if it doesn't, somebody put it there again.
        let pause = succeeded ? Self.longestPause : Double(UInt64(1) << UInt64(min(failures, 10)))
        nodes[node]?.nextAttempt = now + min(Self.longestPause, pause)
    }

    private mutating func forget(exceptFor closed: [NodeView]) {
        guard !nodes.isEmpty else { return }
        let uids = Dictionary(closed.map { ($0.name, $0.uid) }, uniquingKeysWith: { first, _ in first })
        nodes = nodes.filter { uids[$0.key] == $0.value.uid }
    }

    private mutating func state(of node: NodeView, now: Timestamp) -> Node {
        if let known = nodes[node.name] { return known }
        // Another machine's clock may be ahead.
        let since = node.conditions.first { $0.type == "Ready" }?.since ?? now
        let state = Node(uid: node.uid, start: min(since, now))
        nodes[node.name] = state
        return state
    }
}

/// Which images are on a node: by its agent's report, or in restricted mode by its pod's status.
private struct ImagePresence {
    let set: HeldSet
    private let fleet: Fleet
    private let columns: [Int]
    private let now: Timestamp
    /// By node; nil when agents report. Pods of another template tell of other images.
    private var pods: [String: PodView]?

    private var configuration: Configuration { self.set.configuration }

    init(_ set: HeldSet, _ cluster: ClusterView, _ fleet: Fleet, now: Timestamp) {
        self.set = set
        self.fleet = fleet
        self.now = now
        columns = fleet.columns(of: set.name)
        guard set.configuration.runtimeSocket == .none else { return }
        let template = set.template
        let living = cluster.pods.of(set.name).filter { pod in
            guard !pod.isTerminating, template != nil, pod.template == template else { return false }
            // Of a node that was created anew under its name, the former one's pod is listed for a while.
            guard let node = cluster.nodes[pod.node]?.createdAt, let since = pod.createdAt else { return true }
            return since >= node
        }
        pods = Dictionary(living.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func isComplete(on node: String) -> Bool {
        if let pods {
            return configuration.images.allSatisfy { pods[node]?.presence(of: $0.container).state.isPresent ?? false }
        }
        guard set.name == ImageSet.defaultName else {
            return columns.allSatisfy { fleet.state(node: node, column: $0, now: now).isPresent }
        }
        guard let row = fleet.reading(of: node, now: now).row else { return configuration.images.isEmpty }
        return configuration.images.indices.allSatisfy { row.states.indices.contains($0) && row.states[$0].isPresent }
    }

    func lacking(on node: String) -> [GateOpening.Lacking] {
        configuration.images.enumerated().compactMap { index, entry in
            let column = columns.indices.contains(index) ? columns[index] : index
            let state: CellState
            var reason: FailureReason?
            if let pods {
                let presence = pods[node]?.presence(of: entry.container)
                state = presence?.state ?? .unknown
                reason = presence?.reason
            } else {
                state = fleet.state(node: node, column: column, now: now)
                if state == .failed { reason = fleet.failure(node: node, column: column)?.reason }
            }
            return state.isPresent ? nil : GateOpening.Lacking(name: entry.name, state: state, reason: reason)
        }
    }
}
