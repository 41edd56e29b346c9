import Cluster
import History
import Logging
import Planning
import Shared
import Supervision

extension ControlLoop {
    /// Between two looks for agents that are gone, where nodes have several.
    private static let agentPause = Duration.milliseconds(250)

    /// What one that stands by is assigned. It's the same always, with a generation that no other assignment has.
    static let standby: WireAssignment = {
        var assignment = WireAssignment()
        assignment.generation = 1
        assignment.standby = true
        assignment.reportIntervalMs = UInt32(NodeAgents.standbyInterval.components.seconds * 1000)
        assignment.heartbeatIntervalMs = assignment.reportIntervalMs
        return assignment
    }()

    /// An agent has reported: with several on its node it is decided who works.
    func hearAgent(_ agent: String, of report: CheckedReport) {
        guard !agent.isEmpty else { return }
        let node = report.node
        if nodeAgents[node] == nil {
            // Mostly there's only one.
            let known = report.standingBy ? reports.agent(of: node) : reports.claim(node, by: agent)
            guard known != agent else { return }
            nodeAgents[node] = NodeAgents(working: known)
            if let known { _ = fleet.noteAgent(pod: known, on: node) }
            reports.share(node, true)
            watchAgents()
        }
        // Its word proves its pod's template.
        if fleet.noteAgent(pod: agent, on: node) { signal.yield() }
        nodeAgents[node]?.hear(agent, standsBy: report.standingBy)
        review(agentsOf: node, hearing: agent)
    }

    /// Whether another agent of the node works, or is to.
    func standsBy(_ agent: String, on node: String) -> Bool {
        guard !agent.isEmpty else { return false }
        if let agents = nodeAgents[node] { return agents.working != agent }
        return reports.agent(of: node).map { $0 != agent } ?? false
    }

    /// Whether a report says how the node is. What one says that takes over and hasn't listed the images yet says less than
    /// what is known from the one before.
    func tellsOfNode(_ report: CheckedReport) -> Bool {
        if report.standingBy { return false }
        guard takenOver.contains(report.node) || nodeAgents[report.node] != nil,
            let known = fleet.nodes[report.node], known.bootID != report.bootID, fleet.isKnown(known, now: clock.now)
        else { return true }
        if case .full? = report.inventory { return true }
        return !report.runtime.error.isEmpty
    }

    /// A pod of ours has gone, or is being deleted.
    func reviewAgents(afterChangeOf pod: PodView, isGone: Bool) {
        if isGone {
            fleet.forgetAgent(pod: pod.uid, on: pod.node)
            // Whoever speaks with its token is asked again who he is.
            reports.forget(pod.uid, of: pod.node)
            nodeAgents[pod.node]?.forget(pod.uid)
        }
        review(agentsOf: pod.node)
    }

    func forgetAgents(of node: String) {
        for agent in nodeAgents.removeValue(forKey: node)?.names ?? [] { reports.forget(agent, of: node) }
        takenOver.remove(node)
    }

    /// - Parameter agent: one that is there because it has just reported.
    private func review(agentsOf node: String, hearing agent: String? = nil) {
        guard var agents = nodeAgents[node] else { return }
        let former = agents.working
        var signs = reports.signs(of: agents.names, on: node, working: former)
        if let agent { signs[agent] = NodeAgents.Sign(isWaiting: false, last: .now) }
        for name in signs.keys { signs[name]?.isEnding = cluster.pods[name]?.isTerminating ?? false }
        let others = cluster.pods.living(on: node).contains { signs[$0.uid] == nil }
        let names = agents.names
        let isAnother = agents.review(signs, expectsOthers: others, at: .now)
        nodeAgents[node] = agents
        for name in names where !agents.names.contains(name) { reports.forget(name, of: node) }
        if isAnother, let working = agents.working { hand(node, to: working, from: former) }
        guard agents.isAlone else { return }
        nodeAgents[node] = nil
        reports.share(node, false)
    }

    private func hand(_ node: String, to agent: String, from former: String?) {
        // What the former one said last counts, and nothing after it.
        hearHeartbeats()
        takenOver.insert(node)
        fleet.handOver(node)
        noteAgent(agent, of: node)
        reports.hand(node, to: agent, from: former)
        waiters.notify(node: node)
        logger.info(
            "another agent works on a node that has several",
            metadata: [
                "node": "\(node)", "pod": "\(cluster.pods[agent]?.name ?? agent)",
                "former": "\(former.map { cluster.pods[$0]?.name ?? $0 } ?? "")",
            ])
    }

    /// Whose pull secrets the agent of a node has.
    func noteAgent(_ agent: String, of node: String) {
        guard let pod = cluster.pods[agent] else { return }
        fleet.noteAgent(of: pod.set, on: node)
    }

    /// Looks for agents that are gone, as long as any node has several.
    private func watchAgents() {
        guard agentWatch == nil else { return }
        agentWatch = Task { [weak self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.agentPause)
                guard await self?.reviewQuietAgents() == true else { return }
            }
        }
    }

    /// - Returns: whether to look again.
    private func reviewQuietAgents() -> Bool {
        // Those that wait for their turn after a restart are there.
        if reports.early == 0 {
            for node in reports.quiet(for: NodeAgents.reconnection) { review(agentsOf: node) }
        }
        guard nodeAgents.isEmpty || isEnding else { return true }
        agentWatch = nil
        return false
    }
}
