import GRDB
import Planning
import Shared

/// How long nodes that joined took until they had every image: the answer of `GET /api/v1/warmups`.
struct WarmupReport: Codable, Sendable, Hashable, Answer {
    /// RFC 3339.
    var since: String
    var until: String
    /// Seconds from joining to having all images present; nil when no node has got there.
    var seconds: Quantiles?
    /// Nodes that joined and aren't there yet.
    var cold: Int
    /// The newest first.
    var nodes: [Node]

    struct Node: Codable, Sendable, Hashable {
        var name: String
        /// RFC 3339.
        var joinedAt: String
        /// Nil while it isn't warm.
        var seconds: Double?
    }

    /// Nodes that were there when history began didn't join: the first ones of the first run are left out.
    init(_ db: Database, imageSet: String, since: Int64, until: Int64, limit: Int) throws {
        let beginning = try Int64.fetchOne(db, sql: "SELECT min(at) + 60000 FROM node_events WHERE kind = 1") ?? 0
        let joins = try Row.fetchAll(
            db,
            sql: """
                SELECT node_id, (SELECT name FROM nodes WHERE id = node_id), at FROM node_events
                WHERE kind = 1 AND at BETWEEN ? AND ? AND at > ? ORDER BY at DESC, id DESC LIMIT ?
                """, arguments: [since, until, beginning, limit])
        var lists = RevisionLists(imageSet: imageSet)
        nodes = try joins.map { row in
            let joined: Int64 = row[2]
            let warm = try Self.warm(node: row[0], joined: joined, lists: &lists, db)
            return Node(
                name: row[1] ?? "?", joinedAt: Timestamp(milliseconds: joined).rfc3339,
                seconds: warm.map { Double($0 - joined) / 1000 })
        }
        self.since = Timestamp(milliseconds: since).rfc3339
        self.until = Timestamp(milliseconds: until).rfc3339
        seconds = Quantiles(nodes.compactMap(\.seconds))
        cold = nodes.count { $0.seconds == nil }
    }

    /// The first moment after joining at which all images of the list then in force were present.
    private static func warm(node: Int64, joined: Int64, lists: inout RevisionLists, _ db: Database) throws -> Int64? {
        var present: Set<String> = []
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT (SELECT reference FROM images WHERE id = image_id), to_state, at FROM transitions
                WHERE node_id = ? AND at >= ? ORDER BY id
                """, arguments: [node, joined])
        while let row = try rows.next() {
            guard let image = row[0] as String? else { continue }
            if try row.state(1).isPresent { present.insert(image) } else { present.remove(image) }
            let wanted = try lists.images(at: row[2], db)
            if !wanted.isEmpty, wanted.isSubset(of: present) { return row[2] }
        }
        return nil
    }

    var timeless: WarmupReport {
        var copy = self
        (copy.since, copy.until) = ("", "")
        return copy
    }

    var csv: [String] {
        [CSV.line(["node", "joined_at", "seconds"])]
            + nodes.map { CSV.line([$0.name, $0.joinedAt, $0.seconds.map { "\($0)" } ?? ""]) }
    }
}

/// The references in force at moments, read once for each revision.
struct RevisionLists {
    let imageSet: String
    private var revisions: [(at: Int64, images: Set<String>)]?

    init(imageSet: String) { self.imageSet = imageSet }

    mutating func images(at: Int64, _ db: Database) throws -> Set<String> {
        let known = try revisions ?? load(db)
        revisions = known
        return known.last { $0.at <= at }?.images ?? known.first?.images ?? []
    }

    private func load(_ db: Database) throws -> [(at: Int64, images: Set<String>)] {
        try Row.fetchCursor(
            db, sql: "SELECT at, findings FROM revisions WHERE image_set = ? AND number IS NOT NULL ORDER BY id",
            arguments: [imageSet]
        ).map { row in
            let images = RevisionNotes(text: row[1])?.configuration?.images ?? []
            return (row[0], Set(images.map(\.reference.written)))
        }.array()
    }
}
