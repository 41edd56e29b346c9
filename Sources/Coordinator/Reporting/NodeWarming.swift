import Cluster
import GRDB
import History
import Planning

/// How one node that joined came to its images, by history.
struct NodeWarming {
    /// From joining to having all images of the list then in force that can be had; nil: it didn't come so far.
    private(set) var seconds: Double?
    /// References that it lacked then, or lacks in the end.
    private(set) var lacks: Set<String> = []
    /// Whether any image was wanted of it.
    private(set) var isMeant = false

    private enum News {
        case cell(String, RecordedState, RecordedReason)
        /// The image is given up on the node's platform, or no more.
        case platform(String, isBroken: Bool)
    }

    /// - Parameters:
    ///   - joined: milliseconds since 1970.
    ///   - until: when it left; what comes later is of another stay.
    ///   - set: whose images alone count; nil: all.
    init(
        node: Int64, joined: Int64, until: Int64, of set: String?, broken: BrokenImages, lists: inout RevisionLists,
        _ db: Database
    ) throws {
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT (SELECT reference FROM images WHERE id = image_id), to_state, reason, at FROM transitions
                WHERE node_id = ? AND at BETWEEN ? AND ? ORDER BY id
                """, arguments: [node, joined, until])
        var news: [(at: Int64, News)] = []
        while let row = try rows.next() {
            guard let image = row[0] as String? else { continue }
            news.append((row[3], .cell(image, try row.state(1), row.reason(2))))
        }
        var given: Set<String> = []
        for (image, turns) in broken.turns(node: node) {
            for turn in turns where turn.at < until {
                if turn.at > joined {
                    news.append((turn.at, .platform(image, isBroken: turn.isBroken)))
                } else if turn.isBroken {
                    given.insert(image)
                } else {
                    given.remove(image)
                }
            }
        }
        // Stable: the order of a node's transitions is that of their ids, and those come first.
        let order = news.indices.sorted { (news[$0].at, $0) < (news[$1].at, $1) }
        var present: Set<String> = []
        var failed: Set<String> = []
        for index in order {
            let at = news[index].at
            switch news[index].1 {
            case .platform(let image, true): given.insert(image)
            case .platform(let image, false): given.remove(image)
            case .cell(let image, let state, let reason):
                if state.isPresent { present.insert(image) } else { present.remove(image) }
                if state == .failed, FailureReason(reason)?.isPermanent == true {
                    failed.insert(image)
                } else if state != .pulling {
                    // While it is tried again, it is as it was.
                    failed.remove(image)
                }
            }
            let wanted = try lists.images(at: at, node: node, of: set, db)
            if !wanted.isEmpty { isMeant = true }
            // What sets don't want any more counts as well: this only spares the work below.
            guard !present.isEmpty, present.count + failed.count + given.count >= wanted.count else { continue }
            let lacking = wanted.subtracting(present)
            guard lacking.count < wanted.count, lacking.allSatisfy({ failed.contains($0) || given.contains($0) })
            else { continue }
            seconds = Double(at - joined) / 1000
            lacks = lacking
            return
        }
        let wanted = try lists.images(at: until, node: node, of: set, db)
        if !wanted.isEmpty { isMeant = true }
        lacks = wanted.subtracting(present)
    }
}
