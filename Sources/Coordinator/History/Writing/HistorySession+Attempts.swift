import Formatting
import GRDB

extension HistorySession {
    /// Stores an attempt unless it is known; tells whether it did.
    @discardableResult
    func record(_ attempt: AttemptRecord) throws -> Bool {
        let node = try nodeID(attempt.node)
        let boot = try bootID(node: node, boot: attempt.bootID)
        let image = try imageID(attempt.image)
        let text = attempt.message.cut(toUTF8Bytes: AttemptRecord.maximumMessageBytes)
        let message = text.isEmpty ? nil : try messageID(text)
        try run(
            """
            INSERT INTO attempts
                (boot_id, attempt, node_id, image_id, started_at, ended_at, outcome, reason, message_id, bytes)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (boot_id, attempt) DO NOTHING
            """,
            [
                boot, attempt.attemptID, node, image, attempt.startedAt, attempt.endedAt,
                attempt.outcome.rawValue, attempt.reason.rawValue, message, attempt.bytes,
            ])
        return db.changesCount > 0
    }
}
