import GRDB

/// When a pull of each image succeeded last.
enum LastSuccesses {
    static func all(_ db: Database) throws -> [String: Int64] {
        let sql = """
            SELECT reference, (SELECT ended_at FROM attempts WHERE image_id = images.id AND outcome = 1
                ORDER BY ended_at DESC LIMIT 1)
            FROM images
            """
        var moments: [String: Int64] = [:]
        for row in try Row.fetchAll(db, sql: sql) {
            let at: Int64? = row[1]
            if let at { moments[row[0]] = at }
        }
        return moments
    }
}
