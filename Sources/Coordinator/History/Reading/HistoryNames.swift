import GRDB
import ImageSets
import Planning
import Shared

/// Which nodes and images history has heard of, so that a misspelt name isn't told that nothing happened.
package enum HistoryNames {
    package static func hasNode(_ name: String, _ db: Database) throws -> Bool {
        try Int.fetchOne(
            db.cachedStatement(sql: "SELECT 1 FROM nodes WHERE name = ?"), arguments: [name]) != nil
    }

    /// The names that references had in the newest revision that lists them, or else in the newest list of another set.
    package static func entries(
        of references: Set<String>, imageSet: String, _ db: Database
    ) throws -> [String: String] {
        var found: [String: String] = [:]
        let revisions = try Row.fetchCursor(
            db, sql: "SELECT findings FROM revisions WHERE image_set = ? AND number IS NOT NULL ORDER BY id DESC",
            arguments: [imageSet])
        while found.count < references.count, let row = try revisions.next() {
            for entry in RevisionNotes(text: row[0])?.configuration?.images ?? [] {
                let reference = entry.reference.written
                if references.contains(reference), found[reference] == nil { found[reference] = entry.name }
            }
        }
        guard found.count < references.count else { return found }
        for image in try SetReplay(db).lists.flatMap(\.list.images)
        where references.contains(image.reference) && found[image.reference] == nil {
            found[image.reference] = image.name
        }
        return found
    }

    /// The reference that is meant: itself, that of the newest revision with an entry of this name, or one that is
    /// another spelling of it; nil when there was none.
    package static func reference(_ image: String, imageSet: String, _ db: Database) throws -> String? {
        let known = try Int.fetchOne(
            db.cachedStatement(sql: "SELECT 1 FROM images WHERE reference = ?"), arguments: [image])
        if known != nil { return image }
        let revisions = try Row.fetchCursor(
            db.cachedStatement(
                sql: "SELECT findings FROM revisions WHERE image_set = ? AND number IS NOT NULL ORDER BY id DESC"),
            arguments: [imageSet])
        while let row = try revisions.next() {
            let images = RevisionNotes(text: row[0])?.configuration?.images
            if let entry = images?.first(where: { $0.name == image }) { return entry.reference.written }
        }
        for listed in try SetReplay(db).lists.flatMap(\.list.images) where listed.name == image {
            return listed.reference
        }
        guard let normalised = try? ImageReference(image).normalised else { return nil }
        return try String.fetchAll(
            db.cachedStatement(sql: "SELECT reference FROM images ORDER BY id DESC")
        ).first {
            (try? ImageReference($0).normalised) == normalised
        }
    }
}
