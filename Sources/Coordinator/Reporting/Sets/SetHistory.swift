import GRDB
import History
import ImageSets
import Planning
import Shared

/// Which cells an image set wanted at any moment, as history remembers it.
package struct SetHistory {
    /// The images that it has ever listed, as history names them.
    package let references: [String]
    private let set: String
    private var sets: SetReplay
    private var lists: RevisionLists
    private let nodes: [String: Int64]
    private var normalised: [String: String] = [:]

    /// Pages that are looked through for one answer at most.
    private static let maximumPages = 50

    /// - Parameter imageSet: whose revisions are those of `default`.
    package init(_ set: String, imageSet: String, _ db: Database) throws {
        self.set = set
        sets = try SetReplay(db)
        lists = RevisionLists(imageSet: imageSet)
        let known = try String.fetchAll(db, sql: "SELECT reference FROM images")
        if set == ImageSet.defaultName {
            let listed = try lists.all(db)
            references = known.filter(listed.contains)
        } else {
            let listed = Set(
                sets.lists.filter { $0.name == set }.flatMap(\.list.images).compactMap {
                    try? ImageReference($0.reference).normalised
                })
            references = known.filter { (try? ImageReference($0).normalised).map(listed.contains) ?? false }
        }
        nodes = try Dictionary(
            Row.fetchAll(db, sql: "SELECT name, id FROM nodes").map { ($0[0] as String, $0[1] as Int64) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The names of all sets that are remembered.
    package static func names(_ db: Database) throws -> Set<String> {
        try SetReplay(db).names.union([ImageSet.defaultName])
    }

    /// Whether the set wanted the image on the node just before a moment, or just after it: changes that begin or end a cell
    /// are the set's, too.
    private mutating func wants(_ reference: String, on node: String, at: Int64, _ db: Database) throws -> Bool {
        try [at - 1, at].contains { moment in try wanted(reference, on: node, at: moment, db) }
    }

    private mutating func wanted(_ reference: String, on node: String, at: Int64, _ db: Database) throws -> Bool {
        guard let id = nodes[node] else { return false }
        let state = sets.sets(at: at)
        if set == ImageSet.defaultName {
            return try !state.excluded.contains(id) && lists.images(at: at, db).contains(reference)
        }
        guard let own = state[set], own.nodes.contains(id) else { return false }
        let name = normalise(reference)
        return own.list.images.contains { normalise($0.reference) == name }
    }

    private mutating func normalise(_ reference: String) -> String {
        if let known = normalised[reference] { return known }
        let name = RevisionLists.normalise(reference)
        normalised[reference] = name
        return name
    }

    // MARK: Lists

    /// A page of the transitions that are the set's.
    package mutating func page(_ query: TransitionQuery, _ db: Database) throws -> HistoryPage<StoredTransition> {
        try page(query, db) { set, item in try set.wants(item.image, on: item.node, at: item.at, db) }
    }

    /// A page of the attempts that are the set's.
    package mutating func page(_ query: AttemptQuery, _ db: Database) throws -> HistoryPage<StoredAttempt> {
        try page(query, db) { set, item in
            try set.wants(item.attempt.image, on: item.attempt.node, at: item.attempt.startedAt, db)
                || set.wants(item.attempt.image, on: item.attempt.node, at: item.attempt.endedAt, db)
        }
    }

    private mutating func page<Query: HistoryQuery>(
        _ query: Query, _ db: Database, wants: (inout SetHistory, Query.Item) throws -> Bool
    ) throws -> HistoryPage<Query.Item> {
        var query = query
        query.filter.images = references
        var found: [Query.Item] = []
        for _ in 0..<Self.maximumPages {
            let page = try query.page(db)
            // Oldest first, as replaying goes.
            var wanted: [Query.Item] = []
            for item in page.items.reversed() where try wants(&self, item) { wanted.append(item) }
            found += wanted.reversed()
            query.after = page.next
            if found.count > query.limit {
                found.removeLast(found.count - query.limit)
                query.after = found.last?.cursor
            }
            if query.after == nil || found.count >= query.limit { break }
        }
        return HistoryPage(items: found, next: query.after)
    }
}
