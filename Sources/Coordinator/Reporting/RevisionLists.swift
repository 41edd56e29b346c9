import Cluster
import GRDB
import History
import ImageSets
import Planning
import Shared

/// The references in force at moments, read once for each revision.
struct RevisionLists {
    let imageSet: String
    private var revisions: [(at: Int64, images: Set<String>)]?
    private var sets: SetReplay?

    init(imageSet: String) { self.imageSet = imageSet }

    mutating func images(at: Int64, _ db: Database) throws -> Set<String> {
        let known = try revisions ?? load(db)
        revisions = known
        return known.last { $0.at <= at }?.images ?? known.first?.images ?? []
    }

    /// What any image set wanted of a node, by its number.
    ///
    /// - Parameter set: that alone counts; nil: all of them.
    mutating func images(at: Int64, node: Int64, of set: String?, _ db: Database) throws -> Set<String> {
        let isOfDefault = set == nil || set == ImageSet.defaultName
        let own = try images(at: at, db)
        var replay = try sets ?? SetReplay(db)
        let state = replay.sets(at: at)
        sets = replay
        guard !state.isEmpty else { return isOfDefault ? own : [] }
        // History names an image as the first of the sets does.
        var names = Dictionary(own.map { (Self.normalise($0), $0) }, uniquingKeysWith: min)
        var wanted = state.excluded.contains(node) || !isOfDefault ? [] : own
        for other in state.sets {
            let isMeant = (set == nil || set == other.name) && other.nodes.contains(node)
            for image in other.list.images {
                let name = Self.normalise(image.reference)
                let written = names[name] ?? image.reference
                names[name] = written
                if isMeant { wanted.insert(written) }
            }
        }
        return wanted
    }

    static func normalise(_ reference: String) -> String {
        (try? ImageReference(reference).normalised) ?? reference
    }

    /// The references of all revisions that are remembered.
    mutating func all(_ db: Database) throws -> Set<String> {
        let known = try revisions ?? load(db)
        revisions = known
        return known.reduce(into: []) { $0.formUnion($1.images) }
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
