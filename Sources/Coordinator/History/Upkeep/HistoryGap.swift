import GRDB

/// How far retention has made gaps in what listeners can be told: the newest rows that it dropped.
///
/// Rows before those may have stayed, since each cell keeps its last one: what is left after a listener's position says
/// nothing of what it missed.
enum HistoryGap {
    fileprivate static let transition = "dropped_transition"
    fileprivate static func revision(of imageSet: String) -> String { "dropped_revision \(imageSet)" }

    /// Whether something was dropped that came after both ids.
    static func follows(transition: Int64, revision: Int64, imageSet: String, _ db: Database) throws -> Bool {
        try newest(Self.transition, db) > transition || newest(Self.revision(of: imageSet), db) > revision
    }

    private static func newest(_ key: String, _ db: Database) throws -> Int64 {
        let find = try db.cachedStatement(sql: "SELECT value FROM meta WHERE key = ?")
        return try Int64.fetchOne(find, arguments: [key]) ?? 0
    }
}

extension HistorySession {
    /// Remembers that the transition was dropped; nil: none was.
    func noteGap(transition id: Int64?) throws {
        guard let id else { return }
        try keepLargest(id, HistoryGap.transition)
    }

    func noteGap(revision id: Int64, of imageSet: String) throws {
        try keepLargest(id, HistoryGap.revision(of: imageSet))
    }
}
