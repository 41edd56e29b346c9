/// What retention dropped.
package struct PruneResult: Sendable, Hashable {
    var transitions = 0
    var attempts = 0
    /// Keyframes, events, revisions, runs and names.
    var others = 0
    /// Transactions that it took.
    var steps = 0
}

extension HistoryStore {
    /// Drops what is older than the horizon and not needed to answer for any moment from it on.
    ///
    /// It works in many small transactions, and other writes go in between or along. When it is interrupted, the
    /// next call goes on.
    ///
    /// - Parameters:
    ///   - horizon: Milliseconds since 1970, by the coordinator's clock.
    ///   - stepRows: Rows looked at in one transaction.
    @discardableResult
    package func prune(before horizon: Int64, stepRows: Int = 1000) async throws -> PruneResult {
        var result = PruneResult()
        try await write { session in try session.setHorizon(horizon) }

        var cursor: HistoryCursor?
        repeat {
            let from = cursor
            let step = try await write { session in
                try session.pruneTransitions(before: horizon, after: from, limit: stepRows)
            }
            result.transitions += step.dropped
            result.steps += 1
            cursor = step.next
        } while cursor != nil
        result.others = try await write { session in try session.pruneKeyframes(before: horizon) }
        result.transitions += try await whileDropping(&result.steps) { session in
            try session.pruneEndedCells(before: horizon, limit: stepRows)
        }
        result.transitions += try await whileDropping(&result.steps) { session in
            try session.pruneLeftNodes(before: horizon, limit: max(1, stepRows / 100))
        }
        result.attempts = try await whileDropping(&result.steps) { session in
            try session.pruneAttempts(before: horizon, limit: stepRows)
        }
        result.others += try await whileDropping(&result.steps) { session in
            try session.pruneNodeEvents(before: horizon, limit: stepRows)
        }
        result.others += try await write { session in
            try session.pruneRevisionsAndRuns(before: horizon) + session.pruneSetEvents(before: horizon)
                + session.pruneNames()
        }
        result.steps += 1
        while try await write({ session in try session.vacuum(pages: stepRows) }) { result.steps += 1 }
        return result
    }

    private func whileDropping(
        _ steps: inout Int, _ body: @escaping @Sendable (HistorySession) throws -> Int
    ) async throws -> Int {
        var sum = 0
        while true {
            let dropped = try await write(body)
            steps += 1
            sum += dropped
            if dropped == 0 { return sum }
        }
    }
}
