import GRDB

/// Answers for past moments, one after another, from one snapshot of the database.
///
/// A moment's cells are those of the newest keyframe that it lies after, changed by the transitions since. What was
/// read for one moment is kept for the next, so a series costs little more than its first step.
package final class PastReader {
    private let db: Database
    private let imageSet: String
    private let currentRun: Int64?
    private let horizon: Int64?
    private let beginning: Int64?
    /// All nodes that were ever seen, by their numbers.
    let names: [Int64: String]
    /// The numbers of all images that were ever listed.
    let images: [String: Int64]
    private let segments: SegmentReader
    private let reachability: NodeReplay
    private var sets: SetReplay

    /// - Parameters:
    ///   - imageSet: Whose revision is wanted.
    ///   - currentRun: The run that is going on now; it covers everything since its start.
    ///   - withLabels: Whether the nodes' labels of the moment are wanted. They have to be decoded.
    init(_ db: Database, imageSet: String, currentRun: Int64?, withLabels: Bool) throws {
        self.db = db
        self.imageSet = imageSet
        self.currentRun = currentRun
        horizon = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT value FROM meta WHERE key = 'horizon'"))
        beginning = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT min(started_at) FROM coordinator_runs"))
        var names: [Int64: String] = [:]
        let nodes = try Row.fetchCursor(
            db.cachedStatement(sql: "SELECT id, name FROM nodes"))
        while let row = try nodes.next() { names[row[0]] = row[1] as String }
        self.names = names
        var images: [String: Int64] = [:]
        let references = try Row.fetchCursor(
            db.cachedStatement(sql: "SELECT reference, id FROM images"))
        while let row = try references.next() { images[row[0] as String] = row[1] as Int64 }
        self.images = images
        segments = try SegmentReader(db)
        reachability = try NodeReplay(db, withLabels: withLabels)
        sets = try SetReplay(db)
    }

    package func moment(at: Int64) throws -> HistoryMoment {
        let run = try RunQuery.covering(at, current: currentRun, db)
        let nodes = try reachability.nodes(at: at, runStart: run?.startedAt).compactMap { node in
            names[node.id].map {
                HistoryMoment.Node(id: node.id, name: $0, labels: node.labels, isHeard: node.isHeard)
            }
        }
        return HistoryMoment(
            at: at, run: run, revision: try RevisionQuery.inForce(imageSet, at: at, db), nodes: nodes,
            sets: sets.sets(at: at), grid: try segments.grid(at: at), images: images,
            isBeforeHorizon: horizon.map { at < $0 } ?? false,
            beginning: beginning)
    }
}
