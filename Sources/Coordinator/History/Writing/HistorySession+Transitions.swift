import GRDB

extension HistorySession {
    /// Stores a transition unless the cell is so already; tells whether it did.
    @discardableResult
    package func record(_ transition: TransitionRecord) throws -> Bool {
        let node = try nodeID(transition.node)
        let image = try imageID(transition.image)
        let old = try cell(node: node, image: image)
        var new = Cell(state: transition.to, reason: transition.reason, digest: nil)
        if let digest = transition.digest {
            new.digest = try digestID(digest)
        } else if new.state.isPresent && old.state.isPresent {
            new.digest = old.digest
        }
        guard new.differs(from: old) else { return false }
        try run(
            """
            INSERT INTO transitions (node_id, image_id, from_state, to_state, reason, digest_id, at)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                node, image, old.state.rawValue, new.state.rawValue, new.reason.rawValue, new.digest, transition.at,
            ])
        newestTransition = db.lastInsertedRowID
        lastTransitionAt = max(lastTransitionAt ?? .min, transition.at)
        if new.state == .none {
            try run("DELETE FROM cells WHERE node_id = ? AND image_id = ?", [node, image])
        } else {
            try run(
                """
                INSERT INTO cells (node_id, image_id, state, reason, digest_id, since) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET state = excluded.state, reason = excluded.reason,
                    digest_id = excluded.digest_id, since = excluded.since
                """,
                [node, image, new.state.rawValue, new.reason.rawValue, new.digest, transition.at])
        }
        return true
    }

    private struct Cell {
        var state: RecordedState
        var reason: RecordedReason
        var digest: Int64?

        func differs(from old: Cell) -> Bool {
            state != old.state || digest != old.digest || (state == .failed && reason != old.reason)
        }
    }

    private func cell(node: Int64, image: Int64) throws -> Cell {
        let find = try db.cachedStatement(
            sql: "SELECT state, reason, digest_id FROM cells WHERE node_id = ? AND image_id = ?")
        guard let row = try Row.fetchOne(find, arguments: [node, image]) else {
            return Cell(state: .none, reason: .none, digest: nil)
        }
        return Cell(state: try row.state(0), reason: row.reason(1), digest: row[2])
    }
}
