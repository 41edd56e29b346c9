import Cluster
import Control
import ImageSets
import Planning
import Reporting
import Shared

/// Tells what is worth an Event from what is as before: a value without I/O or clock.
///
/// Unknown is no news, and neither is what is so when this run looks for the first time.
package struct CoverageNews: Sendable {
    package enum News: Sendable, Equatable {
        /// Every node that is to have the image has it, and one hadn't before.
        case imageCached(ImageEntry, nodes: Int)
        /// An image fails for a reason that it didn't fail for at the last look.
        case imageFailing(ImageEntry, CellFailure, nodes: Int)
        /// The node has every image, and hadn't before.
        case nodeWarmed(NodeView, seconds: Double)
        /// A registry fails on many nodes and is only probed.
        case circuitOpened(registry: String)
        case circuitClosed(registry: String)
        /// A node fails, for a reason that it didn't fail for alone at the last look, to pull what others have.
        case nodeDeviates(NodeView, NodeDeviation)
        /// Something is done again and again without a change of content: a fault of the program's, to be reported.
        case looping(RepeatBook.Subject)
    }

    private struct Failing: Hashable {
        var image: String
        var reason: FailureReason
    }

    private struct Deviating: Hashable {
        var node: String
        var reason: FailureReason
    }

    private struct Warming: Sendable {
        var uid: String
        var since: Timestamp
    }

    /// Images that a node lacked at the last look at which that was known.
    private var incomplete: Set<ImageEntry> = []
    /// Images of the last look; nil before the first.
    private var listed: Set<ImageEntry>?
    private var warming: [String: Warming] = [:]
    /// The target nodes of the last look, by name with their uid, and when that was; nil before the first.
    private var lastLook: (nodes: [String: String], at: Timestamp)?
    private var failing: Set<Failing> = []
    private var deviating: Set<Deviating> = []
    private var openCircuits: Set<String> = []
    private var loops: Set<RepeatBook.Subject> = []

    mutating func look(_ snapshot: Snapshot, cells: [NodeCells]) -> [News] {
        let images = snapshot.images
        var counts = ColumnCounts(columns: images.count)
        var failed: [Failing: (failure: CellFailure, nodes: Int, column: Int)] = [:]
        var news: [News] = []
        expectNewcomers(cells, isLonger: listed.map { !$0.isSuperset(of: images) } ?? false)
        lastLook = (Dictionary(cells.map { ($0.name, $0.node.uid) }, uniquingKeysWith: { $1 }), snapshot.now)
        counts.add(cells.lazy.map(\.row))
        for node in cells where node.isKnown {
            for column in node.row.failed {
                guard let failure = node.failure(column) else { continue }
                let key = Failing(image: images[column].name, reason: failure.reason)
                failed[key] = (failure, (failed[key]?.nodes ?? 0) + 1, column)
            }
            let isUnsure = node.row[.unknown] > 0
            if let piece = warm(node.node, lacks: node.row.absent > 0, isUnsure: isUnsure, at: snapshot.now) {
                news.append(piece)
            }
        }
        warming = warming.filter { lastLook?.nodes[$0.key] != nil }

        // What an edit adds may have come to all nodes between two looks.
        if let listed { incomplete.formUnion(images.filter { !listed.contains($0) }) }
        listed = Set(images)
        for (column, image) in images.enumerated() {
            if counts.absent(column) > 0 {
                incomplete.insert(image)
            } else if counts.wanted(column) > 0, counts.present(column) == counts.wanted(column),
                incomplete.remove(image) != nil
            {
                news.append(.imageCached(image, nodes: counts.wanted(column)))
            }
        }
        incomplete.formIntersection(images)
        for (key, found) in failed.sorted(by: { $0.value.column < $1.value.column }) where !failing.contains(key) {
            news.append(.imageFailing(images[found.column], found.failure, nodes: found.nodes))
        }
        failing = Set(failed.keys)
        news += deviations(snapshot)
        let open = Set(snapshot.openCircuits)
        news += open.subtracting(openCircuits).sorted().map { .circuitOpened(registry: $0) }
        news += openCircuits.subtracting(open).sorted().map { .circuitClosed(registry: $0) }
        openCircuits = open
        let found = snapshot.fleet.experience.repeats.loops(now: snapshot.now)
        news += found.subtracting(loops).map { .looping($0) }
        loops = found
        return news
    }

    /// A node that joined lacked something until now, as did all when the list got longer, however fast it came: what is
    /// there between two looks is told too.
    private mutating func expectNewcomers(_ cells: [NodeCells], isLonger: Bool) {
        guard let lastLook else { return }
        for node in cells.lazy.map(\.node) where isLonger || lastLook.nodes[node.name] != node.uid {
            guard warming[node.name]?.uid != node.uid else { continue }
            warming[node.name] = Warming(uid: node.uid, since: lastLook.at)
        }
    }

    /// Each node and reason once, whatever the number of images.
    private mutating func deviations(_ snapshot: Snapshot) -> [News] {
        var found: Set<Deviating> = []
        var news: [News] = []
        for deviation in snapshot.deviations {
            let key = Deviating(node: deviation.node, reason: deviation.reason)
            guard found.insert(key).inserted, !deviating.contains(key),
                let node = snapshot.cluster.nodes[deviation.node]
            else { continue }
            news.append(.nodeDeviates(node, deviation))
        }
        deviating = found
        return news
    }

    private mutating func warm(_ node: NodeView, lacks: Bool, isUnsure: Bool, at now: Timestamp) -> News? {
        let known = warming[node.name].flatMap { $0.uid == node.uid ? $0 : nil }
        if lacks {
            if known == nil { warming[node.name] = Warming(uid: node.uid, since: now) }
            return nil
        }
        guard !isUnsure, let known else { return nil }
        warming[node.name] = nil
        return .nodeWarmed(node, seconds: Double(now.milliseconds(since: known.since)) / 1000)
    }
}

extension CoverageNews.News {
    /// That of the image set whose DaemonSet people look at for it: `default`'s, where it lists the image, else the first one's
    /// that holds it.
    func configuration(in snapshot: Snapshot) -> Configuration {
        let image: ImageEntry? =
            switch self {
            case .imageCached(let image, _), .imageFailing(let image, _, _): image
            case .nodeDeviates(_, let deviation): snapshot.images.first { $0.name == deviation.image }
            case .nodeWarmed, .circuitOpened, .circuitClosed, .looping: nil
            }
        guard let image else { return snapshot.configuration }
        let all = [snapshot.configuration] + snapshot.sets.compactMap(\.configuration)
        return all.first { $0.images.contains { $0.reference.normalised == image.reference.normalised } }
            ?? snapshot.configuration
    }
}
