extension HistoryStore {
    /// Stores the transitions of cells that aren't so already, in the given order.
    ///
    /// - Returns: Whether they are committed. If not, they are dropped (see `takeGap`).
    @discardableResult
    package func record(transitions: [TransitionRecord]) async -> Bool {
        await attempt { session in
            for transition in transitions { try session.record(transition) }
        }
    }

    /// Stores attempts that aren't known yet.
    ///
    /// - Returns: Whether they are committed. Only then may they be acknowledged to their agent.
    @discardableResult
    package func record(attempts: [AttemptRecord]) async -> Bool {
        await attempt { session in
            for attempt in attempts { try session.record(attempt) }
        }
    }

    /// Stores an accepted revision, or a rejected edit.
    @discardableResult
    package func record(revision: RevisionRecord) async -> Bool {
        await attempt { session in try session.record(revision) }
    }

    /// Stores the events that change something about their nodes, in the given order.
    @discardableResult
    package func record(nodeEvents: [NodeEventRecord]) async -> Bool {
        await attempt { session in
            for event in nodeEvents { try session.record(event) }
        }
    }

    /// Ends the cells of all images but these, in steps, so that others' writes get their turn.
    package func endCells(except references: Set<String>, at: Int64, step: Int = 2000) async throws {
        while try await write({ try $0.endCells(except: references, at: at, limit: step) }) == step {}
    }

    /// Begins a run of the coordinator: until a node is heard in it, its cells are unknown.
    @discardableResult
    package func startRun(at: Int64) async -> Bool {
        setRunStart(at)
        return await attempt { _ in }
    }

    /// Says that the run goes on, as each transition does. To be called every few seconds: after a crash, history is
    /// unknown from the last of these on. It is also what tries a failing database again.
    @discardableResult
    package func heartbeat(at: Int64) async -> Bool {
        await attempt { session in
            if let id = session.runID { try session.heartbeat(run: id, at: at) }
        }
    }

    /// Ends the run in good order.
    @discardableResult
    package func endRun(at: Int64) async -> Bool {
        let isCommitted = await attempt { session in
            if let id = session.runID { try session.endRun(id, at: at) }
        }
        setRunStart(nil)
        return isCommitted
    }

    private func attempt(_ body: @escaping @Sendable (HistorySession) throws -> Void) async -> Bool {
        do {
            try await write(body)
            return true
        } catch {
            return false
        }
    }
}
