import GRDB

extension HistorySession {
    func record(_ revision: RevisionRecord) throws {
        try run(
            "INSERT INTO revisions (image_set, number, at, data, findings) VALUES (?, ?, ?, ?, ?)",
            [
                revision.imageSet, revision.number, revision.at, try LabelText.encode(revision.data),
                revision.findings,
            ])
    }

    /// Begins a run of the coordinator. No node has been heard in it yet.
    func beginRun(at: Int64) throws -> Int64 {
        try run("INSERT INTO coordinator_runs (started_at, last_alive_at) VALUES (?, ?)", [at, at])
        let id = db.lastInsertedRowID
        try run("UPDATE nodes SET heard = 0 WHERE heard <> 0", [])
        return id
    }

    func heartbeat(run id: Int64, at: Int64) throws {
        try run("UPDATE coordinator_runs SET last_alive_at = max(last_alive_at, ?) WHERE id = ?", [at, id])
    }

    func endRun(_ id: Int64, at: Int64) throws {
        try run(
            """
            UPDATE coordinator_runs SET last_alive_at = max(last_alive_at, ?), ended_at = max(last_alive_at, ?)
            WHERE id = ?
            """, [at, at, id])
    }
}
