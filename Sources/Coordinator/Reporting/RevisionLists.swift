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
