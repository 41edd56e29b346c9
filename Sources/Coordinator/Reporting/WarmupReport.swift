import Cluster
import Formatting
import GRDB
import History
import Planning

/// How long nodes that joined took until they had every image that can be had: the answer of `GET /api/v1/warmups`.
package struct WarmupReport: Codable, Sendable, Hashable, Answer {
    /// RFC 3339.
    var since: String
    var until: String
    /// Seconds from joining to having all images present, of all nodes that got there; nil when none has.
    var seconds: Quantiles?
    /// Nodes that joined, are there still and haven't got so far yet.
    var cold: Int
    /// All nodes that joined.
    var joined: Int
    /// The newest of them first; as many as were asked for.
    var nodes: [Node]

    struct Node: Codable, Sendable, Hashable {
        var name: String
        /// RFC 3339.
        var joinedAt: String
        /// Nil while it isn't warm.
        var seconds: Double?
        /// When it left before it was warm, RFC 3339.
        var leftAt: String?
        /// References that it has not; of a warm node, those that it had not when it was warm: they failed for good, and
        /// aren't waited for. Nil: none.
        var lacks: [String]?
    }

    /// Nodes that were there when history began didn't join: the first ones of the first run are left out.
    ///
    /// - Parameters:
    ///   - set: the image set whose images alone are waited for, on nodes that it is for; nil: all of them.
    ///   - limit: of the nodes that are named; all of them count.
    package init(
        _ db: Database, imageSet: String, set: String? = nil, since: Int64, until: Int64, limit: Int
    ) throws {
        let beginning = try Int64.fetchOne(db, sql: "SELECT min(at) + 60000 FROM node_events WHERE kind = 1") ?? 0
        let joins = try Row.fetchAll(
            db,
            sql: """
                SELECT id, node_id, at, (SELECT name FROM nodes WHERE id = node_id) FROM node_events
                WHERE kind = 1 AND at BETWEEN ? AND ? AND at > ? ORDER BY at DESC, id DESC
                """, arguments: [since, until, beginning])
        var lists = RevisionLists(imageSet: imageSet)
        let broken = joins.isEmpty ? BrokenImages() : try BrokenImages(db)
        var nodes: [Node] = []
        for row in joins {
            let left = try Int64.fetchOne(
                db, sql: "SELECT at FROM node_events WHERE node_id = ? AND id > ? AND kind = 2 ORDER BY id LIMIT 1",
                arguments: [row[1], row[0]])
            let warming = try NodeWarming(
                node: row[1], joined: row[2], until: left ?? .max, of: set, broken: broken, lists: &lists, db)
            // Another set's nodes don't wait for anything of this one.
            guard set == nil || warming.isMeant else { continue }
            let lacks = warming.lacks.sorted()
            nodes.append(
                Node(
                    name: row[3] ?? "?", joinedAt: Timestamp(milliseconds: row[2]).rfc3339, seconds: warming.seconds,
                    leftAt: warming.seconds == nil ? left.map { Timestamp(milliseconds: $0).rfc3339 } : nil,
                    lacks: lacks.isEmpty ? nil : lacks))
        }
        self.since = Timestamp(milliseconds: since).rfc3339
        self.until = Timestamp(milliseconds: until).rfc3339
        seconds = Quantiles(nodes.compactMap(\.seconds))
        cold = nodes.count { $0.seconds == nil && $0.leftAt == nil }
        joined = nodes.count
        self.nodes = Array(nodes.prefix(limit))
    }

    package var timeless: WarmupReport {
        var copy = self
        (copy.since, copy.until) = ("", "")
        return copy
    }

    package var names: [String]? { nodes.map { "node/\($0.name)" } }

    package var csv: [String] {
        [CSV.line(["node", "joined_at", "seconds", "left_at", "lacks"])]
            + nodes.map {
                CSV.line([
                    $0.name, $0.joinedAt, $0.seconds.map { "\($0)" } ?? "", $0.leftAt ?? "",
                    ($0.lacks ?? []).joined(separator: " "),
                ])
            }
    }
}
