import Shared

/// Decides what each node pulls and which pods are replaced: a pure function of what is known.
public struct Planner: Sendable {
    /// Pulls that a node runs at once. Two keep its network busy while one of them unpacks.
    public static let pullsPerNode = 2

    let configuration: Configuration
    let cluster: ClusterView
    let fleet: Fleet
    let now: Timestamp
    /// The annotation that pods of the present template carry; nil until the DaemonSet is applied.
    let template: String?

    /// Plans for one image set.
    ///
    /// Nothing is planned for nodes that are unknown, and nothing at all before the cluster has been listed.
    public static func plan(
        configuration: Configuration, cluster: ClusterView, fleet: Fleet, template: String?, now: Timestamp
    ) -> Plan {
        guard cluster.isSynced else { return Plan() }
        let planner = Planner(
            configuration: configuration, cluster: cluster, fleet: fleet, now: now, template: template)
        var plan = Plan()
        let targets = planner.targets()
        planner.planCancellations(&plan)
        planner.planPulls(&plan, targets: targets)
        planner.planReplacements(&plan, targets: targets)
        for node in targets {
            // Silence is noticed when it begins, not when something else happens.
            guard let state = fleet.nodes[node.name], let until = fleet.knownUntil(state), until >= now else {
                continue
            }
            plan.lookAgain(at: until + 0.001)
        }
        return plan
    }

    /// The target nodes, cordoned ones last: people warm those on purpose, but nobody waits for them.
    func targets() -> [NodeView] {
        cluster.nodes.values.filter(configuration.scheduling.selects)
            .sorted { ($0.isUnschedulable ? 1 : 0, $0.name) < ($1.isUnschedulable ? 1 : 0, $1.name) }
    }

    private func isReachable(_ node: NodeView) -> Bool {
        guard let state = fleet.nodes[node.name] else { return false }
        return node.isReady && fleet.isKnown(state, now: now)
    }

    // MARK: Pulls

    /// Orders to nodes that left, and those that have outlived their deadline on a silent node: both would count
    /// against the registry for ever.
    private func planCancellations(_ plan: inout Plan) {
        let patience = Double(configuration.pullTimeoutSeconds) + fleet.silenceSeconds
        for (node, order) in fleet.orders {
            let isOverdue = order.assignedAt + patience < now
            if cluster.nodes[node] == nil || isOverdue {
                plan.cancellations.append(Plan.Cancellation(node: node, order: order.id))
            } else {
                plan.lookAgain(at: order.assignedAt + (patience + 0.001))
            }
        }
    }

    /// Every wanted image that is missing, or whose next attempt is due, as far as registries and nodes have room.
    private func planPulls(_ plan: inout Plan, targets: [NodeView]) {
        var running: [String: Int] = [:]
        var busy: [String: Int] = [:]
        for (node, order) in fleet.orders {
            running[order.reference.registry, default: 0] += 1
            busy[node, default: 0] += 1
        }
        let candidates = targets.filter { isReachable($0) && !$0.hasDiskPressure }
        // Image by image in the order of the list, our own first, so that what is named first is there first.
        let columns = (fleet.agentImageColumn.map { [$0] } ?? []) + Array(fleet.entryColumns)
        var started: [String: Set<String>] = [:]
        for column in columns {
            let reference = fleet.references[column]
            for node in candidates where busy[node.name, default: 0] < Self.pullsPerNode {
                guard running[reference.registry, default: 0] < configuration.pullMaxParallel else { break }
                // Two entries can name the same image.
                guard isDue(node: node.name, column: column, plan: &plan),
                    started[node.name, default: []].insert(reference.normalised).inserted
                else { continue }
                plan.pulls.append(Plan.Pull(node: node.name, reference: reference))
                running[reference.registry, default: 0] += 1
                busy[node.name, default: 0] += 1
            }
        }
    }

    private func isDue(node: String, column: Int, plan: inout Plan) -> Bool {
        switch fleet.state(node: node, column: column, now: now) {
        case .missing: return true
        case .failed:
            guard let failure = fleet.failure(node: node, column: column) else { return true }
            if failure.nextAttempt <= now { return true }
            plan.lookAgain(at: failure.nextAttempt)
            return false
        case .unknown, .pulling, .present, .held: return false
        }
    }

    // MARK: Pods

    /// Pods of an older template whose nodes have what they can have.
    private func planReplacements(_ plan: inout Plan, targets: [NodeView]) {
        guard let template else { return }
        var podsByNode: [String: [PodView]] = [:]
        for pod in cluster.pods.values { podsByNode[pod.node, default: []].append(pod) }
        let live = targets.filter(\.isReady)
        // A pod that isn't back yet takes a place, so that a template whose pods don't start stops the roll.
        var rolling = live.count { node in
            let pods = podsByNode[node.name] ?? []
            return !pods.contains { !$0.isTerminating && $0.isWorking(under: configuration) }
        }
        let limit = configuration.rollLimit(nodes: live.count)
        for node in live where !node.hasDiskPressure {
            for pod in podsByNode[node.name] ?? [] where !pod.isTerminating && pod.template != template {
                // A pod whose agent doesn't run can't tell whether its node is done, and takes a place already.
                if pod.isWorking(under: configuration) {
                    guard rolling < limit, isDone(node) else { continue }
                    rolling += 1
                }
                plan.replacements.append(Plan.PodReplacement(pod: pod.name, uid: pod.uid, node: node.name))
            }
        }
    }

    /// Whether every wanted image of the node is there or has been tried, and none is being pulled; our own image
    /// must be there. In restricted mode there's nobody to wait for.
    private func isDone(_ node: NodeView) -> Bool {
        guard configuration.runtimeSocket != .none else { return true }
        guard let state = fleet.nodes[node.name], fleet.isKnown(state, now: now) else { return false }
        guard state.orders.isEmpty else { return false }
        if let column = fleet.agentImageColumn {
            guard fleet.state(node: node.name, column: column, now: now).isPresent else { return false }
        }
        return fleet.entryColumns.allSatisfy { column in
            let state = fleet.state(node: node.name, column: column, now: now)
            return state.isPresent || state == .failed
        }
    }
}

extension PodView {
    /// Whether the pod does its work: its agent runs, or, in restricted mode, its containers have a status.
    public func isWorking(under configuration: Configuration) -> Bool {
        if configuration.runtimeSocket == .none { return !containers.isEmpty }
        return containers[Configuration.agentContainerName]?.isRunning ?? false
    }
}
