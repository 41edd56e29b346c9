import Planning

/// Hands the control loop's news to SQLite.
struct StoredHistory: HistoryRecorder {
    let store: HistoryStore

    var queries: HistoryStore? { store }

    var databaseID: String {
        get async { await store.health.databaseID ?? "" }
    }

    /// Facts of all kinds share a commit: when thousands of agents come, each is heard between its transitions and the
    /// next one's. What can't be written is dropped and counted by the store: see ``HistoryStore/takeGap()``.
    func record(_ facts: [HistoryFact]) async {
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

    func commit(_ attempts: [Fleet.FinishedAttempt]) async -> Bool {
        guard !attempts.isEmpty else { return true }
        return await store.record(attempts: attempts.map(AttemptRecord.init))
    }

    func takeGap() async -> Bool { await store.takeGap() }
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
        // Written in steps.
        case .onlyImages: break
        }
    }

    private func record(_ node: String, _ event: NodeEvent, _ at: Timestamp) throws {
        try record(NodeEventRecord(node: node, event: event, at: at.milliseconds))
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
            case .corruptContent: .corruptContent
            case .nodeStorage: .nodeStorage
            case .unsupportedImage: .unsupportedImage
            case .policyRejected: .policyRejected
            }
    }
}
