import Supervision
import Synchronization

/// Several agents on one node: one works, the others stand by.
extension ReportBoard {
    /// A node's name has no slash.
    static func key(_ node: String, _ agent: String) -> String { "\(node)/\(agent)" }

    /// The agent whose report of the node was taken last; nil: there's none.
    func agent(of node: String) -> String? {
        state.withLock { state in
            guard let number = state.numbers[node] else { return nil }
            let agent = state.lines[number].agent
            return agent.isEmpty ? nil : agent
        }
    }

    /// Whether the node has more than one agent.
    func share(_ node: String, _ isShared: Bool) {
        state.withLock { state in
            if isShared {
                state.shared.insert(state.number(of: node, node: node))
            } else if let number = state.numbers[node] {
                state.shared.remove(number)
            }
        }
    }

    /// The nodes of several agents whose working one doesn't wait for news, and hasn't done anything for so long.
    func quiet(for time: Duration) -> [String] {
        let now = ContinuousClock.now
        return state.withLock { state in
            let lines = state.lines
            return state.shared.lazy.map { lines[$0] }
                .filter { !$0.isWaiting(at: now) && $0.seen.duration(to: now) >= time }.map(\.node)
        }
    }

    /// What is seen of the agents of a node. Nothing is of who hasn't been heard since he works, or stands by.
    ///
    /// - Parameter working: the one that works.
    func signs(of agents: [String], on node: String, working: String?) -> [String: NodeAgents.Sign] {
        let now = ContinuousClock.now
        return state.withLock { state in
            var signs: [String: NodeAgents.Sign] = [:]
            for agent in agents {
                guard let number = state.numbers[agent == working ? node : Self.key(node, agent)] else { continue }
                let line = state.lines[number]
                guard line.agent == agent else { continue }
                signs[agent] = NodeAgents.Sign(
                    isWaiting: line.isWaiting(at: now), last: line.seen, isClosed: line.isClosed)
            }
            return signs
        }
    }

    /// The agent whose report of the node was taken last; when there's none, this one has it from now on.
    func claim(_ node: String, by agent: String) -> String {
        state.withLock { state in
            let number = state.number(of: node, node: node)
            if state.lines[number].agent.isEmpty { state.lines[number].agent = agent }
            return state.lines[number].agent
        }
    }

    /// Another agent works from now on. Whoever has another duty now is woken.
    ///
    /// - Parameter former: the one that worked, and stands by if it is still there; nil: there was none.
    func hand(_ node: String, to agent: String, from former: String?) {
        state.withLock { state in
            let number = state.number(of: node, node: node)
            state.close(number)
            state.lines[number].pending = nil
            if let former, state.lines[number].agent == former {
                let standby = state.number(of: Self.key(node, former), node: node)
                state.lines[standby].agent = former
                state.lines[standby].isStandby = true
                state.lines[standby].seen = state.lines[number].seen
                state.lines[standby].isClosed = state.lines[number].isClosed
            }
            state.lines[number].agent = agent
            state.lines[number].seen = .now
            state.lines[number].isClosed = false
            state.lines[number].isBusy = false
            state.remove(Self.key(node, agent))
        }
    }

    /// An agent has gone with its pod.
    func forget(_ agent: String, of node: String) {
        state.withLock { state in
            state.remove(Self.key(node, agent))
            guard let number = state.numbers[node], ["", agent].contains(state.lines[number].agent) else { return }
            state.close(number)
            state.lines[number].agent = ""
        }
    }
}
