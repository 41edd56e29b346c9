import Cluster
import GRDB
import History
import Planning

/// When images could be had on no node of a platform: some node had failed for a reason that lies with the reference, and
/// none had the image. The others wait for that node, so they aren't waited for.
struct BrokenImages {
    struct Turn {
        /// Milliseconds since 1970.
        var at: Int64
        var isBroken: Bool
    }

    private var platforms: [Int64: String] = [:]
    /// By platform and reference, oldest first.
    private var turns: [String: [String: [Turn]]] = [:]

    /// No image was ever broken.
    init() {}

    init(_ db: Database) throws {
        let reasons = RecordedReason.allCases.filter { FailureReason($0)?.blamesReference == true }
        let codes = reasons.map { "\($0.rawValue)" }.joined(separator: ", ")
        let images = try Row.fetchAll(
            db,
            sql: """
                SELECT id, reference FROM images
                WHERE id IN (SELECT image_id FROM attempts WHERE outcome <> 1 AND reason IN (\(codes)))
                """)
        guard !images.isEmpty else { return }
        let nodes = try Row.fetchCursor(db, sql: "SELECT id, labels FROM nodes")
        while let row = try nodes.next() { platforms[row[0]] = Self.platform(try LabelText.decode(row[1])) }
        for image in images { try read(image[0], image[1], Set(reasons), db) }
    }

    /// The turns of each image on a node's platform.
    func turns(node: Int64) -> [String: [Turn]] { platforms[node].flatMap { turns[$0] } ?? [:] }

    private mutating func read(
        _ image: Int64, _ reference: String, _ reasons: Set<RecordedReason>, _ db: Database
    ) throws {
        var present: [String: Set<Int64>] = [:]
        var failed: [String: Set<Int64>] = [:]
        let rows = try Row.fetchCursor(
            db, sql: "SELECT node_id, to_state, reason, at FROM transitions WHERE image_id = ? ORDER BY at, id",
            arguments: [image])
        while let row = try rows.next() {
            let node: Int64 = row[0]
            guard let platform = platforms[node] else { continue }
            let state = try row.state(1)
            if state.isPresent {
                present[platform, default: []].insert(node)
            } else {
                present[platform]?.remove(node)
            }
            if state == .failed, reasons.contains(row.reason(2)) {
                failed[platform, default: []].insert(node)
            } else if state != .pulling {
                failed[platform]?.remove(node)
            }
            let isBroken = failed[platform]?.isEmpty == false && present[platform]?.isEmpty != false
            guard isBroken != turns[platform]?[reference]?.last?.isBroken ?? false else { continue }
            turns[platform, default: [:]][reference, default: []].append(Turn(at: row[3], isBroken: isBroken))
        }
    }

    private static func platform(_ labels: [String: String]) -> String {
        var node = NodeView(name: "", uid: "")
        node.labels = labels
        return node.platform
    }
}
