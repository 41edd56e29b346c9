import Formatting
import GRDB

/// How long pulls took, from the attempts that brought something: those that found the image as it was took no time, and
/// there are more of them than of all others in a cluster in which all is well.
package enum PullTimes {
    /// Attempts that are looked at, the newest ones.
    private static let sample = 5000

    /// Median seconds by reference, and over all of them under the empty one.
    package static func medians(since: Int64, _ db: Database) throws -> [String: Double] {
        var seconds: [String: [Double]] = [:]
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT (SELECT reference FROM images WHERE id = image_id), ended_at - started_at FROM attempts
                    WHERE ended_at >= ? AND outcome = 1 AND bytes > 0 ORDER BY ended_at DESC LIMIT \(sample)
                    """), arguments: [since])
        while let row = try rows.next() {
            let time = max(0, Double(row[1] as Int64)) / 1000
            seconds[row[0] as String? ?? "", default: []].append(time)
            seconds["", default: []].append(time)
        }
        return seconds.compactMapValues { Quantiles($0)?.p50 }
    }

    /// Bytes a second of single pulls by reference: medians.
    package static func speeds(since: Int64, _ db: Database) throws -> [String: Double] {
        var speeds: [String: [Double]] = [:]
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT (SELECT reference FROM images WHERE id = image_id), ended_at - started_at, bytes FROM attempts
                    WHERE ended_at >= ? AND outcome = 1 AND bytes > 0 ORDER BY ended_at DESC LIMIT \(sample)
                    """), arguments: [since])
        while let row = try rows.next() {
            let time = max(1, Double(row[1] as Int64)) / 1000
            speeds[row[0] as String? ?? "", default: []].append(Double(row[2] as Int64) / time)
        }
        return speeds.compactMapValues { Quantiles($0)?.p50 }
    }

    /// The newest known size of each reference, in bytes.
    package static func sizes(_ db: Database) throws -> [String: Int64] {
        var sizes: [String: Int64] = [:]
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT reference, (SELECT bytes FROM attempts WHERE image_id = images.id AND outcome = 1 AND bytes > 0
                        ORDER BY ended_at DESC LIMIT 1) FROM images
                    """))
        while let row = try rows.next() {
            if let bytes = row[1] as Int64? { sizes[row[0] as String] = bytes }
        }
        return sizes
    }
}
