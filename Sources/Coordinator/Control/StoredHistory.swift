import Cluster
import History
import Planning

/// Hands the control loop's news to SQLite.
package struct StoredHistory: HistoryRecorder {
    package let store: HistoryStore

    package init(store: HistoryStore) {
        self.store = store
    }

    package var queries: HistoryStore? { store }

    package var databaseID: String {
        get async { await store.health.databaseID ?? "" }
    }

    /// Facts of all kinds share a commit: when thousands of agents come, each is heard between its transitions and the
    /// next one's. What can't be written is dropped and counted by the store: see ``HistoryStore/takeGap()``.
    package func record(_ facts: [HistoryFact]) async {
        var rest = facts[...]
        while !rest.isEmpty {
            let group = rest.prefix { !$0.mayConcernAllCells }
            rest = rest.dropFirst(group.count)
            if !group.isEmpty {
                try? await store.write { session in for fact in group { try session.record(fact) } }
            }
            if case .onlyImages(let references, let at)? = rest.popFirst() {
                try? await store.endCells(except: references, at: at.milliseconds)
            }
        }
    }

    package func commit(_ attempts: [Fleet.FinishedAttempt]) async -> Bool {
        guard !attempts.isEmpty else { return true }
        return await store.record(attempts: attempts.map(AttemptRecord.init))
    }

    package func takeGap() async -> Bool { await store.takeGap() }
}

extension HistoryFact {
    /// Too much for one commit that others wait for.
    fileprivate var mayConcernAllCells: Bool {
        if case .onlyImages = self { true } else { false }
    }
}

extension HistorySession {
    fileprivate func record(_ fact: HistoryFact) throws {
        switch fact {
        case .transition(let transition): try record(TransitionRecord(transition))
        case .target(let node, let labels, let at): try record(node, .joined(labels: labels), at)
        case .left(let node, let at): try record(node, .left, at)
        case .heard(let node, let at): try record(node, .heard, at)
        case .silent(let node, let at): try record(node, .silent, at)
        case .onlyTargets(let names, let at): try endTargets(except: names, at: at.milliseconds)
        case .sets(let note, let at): try record(note, at: at.milliseconds)
        // Written in steps.
        case .onlyImages: break
        }
    }

    private func record(_ node: String, _ event: NodeEvent, _ at: Timestamp) throws {
        try record(NodeEventRecord(node: node, event: event, at: at.milliseconds))
    }
}
