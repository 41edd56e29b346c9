import Planning

/// Hands the control loop's news to SQLite.
struct StoredHistory: HistoryRecorder {
    let store: HistoryStore

    var queries: HistoryStore? { store }

    var databaseID: String {
        get async { await store.health.databaseID ?? "" }
    }

    /// Neighbours of one kind are stored together: their order is what matters.
    func record(_ facts: [HistoryFact]) async {
        var transitions: [TransitionRecord] = []
        var events: [NodeEventRecord] = []
        for fact in facts {
            if case .transition(let transition) = fact {
                await store(&events)
                transitions.append(TransitionRecord(transition))
            } else if let event = NodeEventRecord(fact) {
                await store(&transitions)
                events.append(event)
            }
        }
        await store(&transitions)
        await store(&events)
    }

    private func store(_ transitions: inout [TransitionRecord]) async {
        guard !transitions.isEmpty else { return }
        _ = await store.record(transitions: transitions)
        transitions = []
    }

    private func store(_ events: inout [NodeEventRecord]) async {
        guard !events.isEmpty else { return }
        _ = await store.record(nodeEvents: events)
        events = []
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
