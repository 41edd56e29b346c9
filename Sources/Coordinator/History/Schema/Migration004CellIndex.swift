import GRDB

/// The index of cells by image leaves the state out: nobody looks for both, and each change of a state took an entry out
/// of one page of the index and put it into another.
enum Migration004CellIndex {
    static let name = "004 cell index"

    static func migrate(_ db: Database) throws {
        try db.execute(sql: "DROP INDEX cells_by_image")
        try db.execute(sql: "CREATE INDEX cells_by_image ON cells (image_id)")
    }
}
