import Planning

/// Hands the control loop's news to SQLite.
struct StoredHistory: HistoryRecorder {
    let store: HistoryStore

    var queries: HistoryStore? { store }

    var databaseID: String {
        get async { await store.health.databaseID ?? "" }
    }

    /// Facts of one commit at most: others wait for it, attempts that an agent wants acknowledged among them.
    private static let group = 2000

    /// Facts of all kinds share a commit: when thousands of agents come, each is heard between its transitions and the
    /// next one's.
    func record(_ facts: [HistoryFact]) async {
        for start in stride(from: 0, to: facts.count, by: Self.group) {
            let group = facts[start..<min(facts.count, start + Self.group)]
            // What can't be written is dropped and counted by the store: see ``HistoryStore/takeGap()``.
            try? await store.write { session in
                for fact in group {
                    if case .transition(let transition) = fact {
                        try session.record(TransitionRecord(transition))
                    } else if let event = NodeEventRecord(fact) {
                        try session.record(event)
                    }
                }
            }
        }
    }

    func commit(_ attempts: [Fleet.FinishedAttempt]) async -> Bool {
        guard !attempts.isEmpty else { return true }
        return await store.record(attempts: attempts.map(AttemptRecord.init))
    }

    func belief(listed references: Set<String>) async -> HistoryBelief? {
        guard let nodes = try? await store.currentNodes(),
            let cells = try? await store.currentCells(exceptOf: references)
        else { return nil }
        return HistoryBelief(
            targets: nodes.map(\.name),
            cells: cells.map { .init(node: $0.node, image: $0.image, state: CellState($0.state)) })
    }

    func takeGap() async -> Bool { await store.takeGap() }
}

extension NodeEventRecord {
    /// Nil for what is no event of a node.
    init?(_ fact: HistoryFact) {
        switch fact {
        case .transition: return nil
        case .target(let node, let labels, let at):
            self.init(node: node, event: .joined(labels: labels), at: at.milliseconds)
        case .left(let node, let at): self.init(node: node, event: .left, at: at.milliseconds)
        case .heard(let node, let at): self.init(node: node, event: .heard, at: at.milliseconds)
        case .silent(let node, let at): self.init(node: node, event: .silent, at: at.milliseconds)
        }
    }
}

extension TransitionRecord {
    init(_ transition: Transition) {
        self.init(
            node: transition.node, image: transition.reference, to: transition.to.map(RecordedState.init) ?? .none,
            reason: transition.reason.map(RecordedReason.init) ?? .none, digest: transition.imageID,
            at: transition.at.milliseconds)
    }
}

extension AttemptRecord {
    init(_ attempt: Fleet.FinishedAttempt) {
        let outcome: RecordedOutcome =
            switch attempt.reason {
            case nil: .succeeded
            case .cancelled: .cancelled
            case .timeout: .timedOut
            default: .failed
            }
        self.init(
            node: attempt.node, bootID: attempt.bootID, attemptID: Int64(clamping: attempt.id),
            image: attempt.reference, startedAt: attempt.started.milliseconds, endedAt: attempt.ended.milliseconds,
            outcome: outcome, reason: attempt.reason.map(RecordedReason.init) ?? .none, message: attempt.message,
            bytes: Int64(clamping: attempt.bytes))
    }
}

extension RecordedState {
    /// Unknown isn't a state of a cell in history, and no transition leads to it.
    init(_ state: CellState) {
        self =
            switch state {
            case .unknown: .none
            case .missing: .missing
            case .pulling: .pulling
            case .failed: .failed
            case .present: .present
            case .held: .held
            }
    }
}

extension CellState {
    init(_ state: RecordedState) {
        self =
            switch state {
            case .none: .unknown
            case .missing: .missing
            case .pulling: .pulling
            case .failed: .failed
            case .present: .present
            case .held: .held
            }
    }
}

extension RecordedReason {
    init(_ reason: FailureReason) {
        self =
            switch reason {
            case .notFound: .notFound
            case .unauthorized: .unauthorized
            case .invalidReference: .invalidReference
            case .noMatchingPlatform: .noMatchingPlatform
            case .rateLimited: .rateLimited
            case .registryUnavailable: .registryUnavailable
            case .network: .network
            case .tls: .tls
            case .diskFull: .diskFull
            case .timeout: .timeout
            case .cancelled: .cancelled
            case .runtimeUnavailable: .runtimeUnavailable
            case .unknown: .unknown
            }
    }
}
