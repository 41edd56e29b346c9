import FoundationEssentials
import GRDB

/// Puts the cells of a moment together from keyframes and the transitions between them.
///
/// Right whatever the clock did: a keyframe serves only moments that all of its transitions lie before, and all
/// segments after it are looked at in which a transition may lie before the moment, in the order of their ids.
final class SegmentReader {
    /// The transitions after one keyframe, up to the next one. The last is open.
    private struct Segment {
        var range: ClosedRange<Int64>
        /// None of its transitions is earlier.
        var earliest: Int64
        /// The keyframe that ends it; nil for the open one.
        var keyframe: (id: Int64, latest: Int64)?
    }

    private struct Change {
        var image: Int64
        var node: Int64
        var at: Int64
        var code: CellCode
    }

    /// Transitions kept in memory of one segment at most; where there are more keyframes were missing, and they are
    /// read anew for each moment.
    private static let maximumKept = 250_000

    private let db: Database
    private let segments: [Segment]
    private var base: (index: Int, grid: CellGrid)?
    private var kept: (index: Int, changes: [Change])?

    init(_ db: Database) throws {
        self.db = db
        var segments: [Segment] = []
        var first: Int64 = 0
        let rows = try Row.fetchCursor(
            db.cachedStatement(sql: "SELECT id, last_id, earliest, latest FROM keyframes ORDER BY id"))
        while let row = try rows.next() {
            let last: Int64 = row[1]
            guard last >= first else { continue }
            segments.append(Segment(range: first...last, earliest: row[2], keyframe: (row[0], row[3])))
            first = last + 1
        }
        segments.append(Segment(range: first...Int64.max, earliest: .min))
        self.segments = segments
    }

    func grid(at moment: Int64) throws -> CellGrid {
        let start = segments.lastIndex { ($0.keyframe?.latest).map { $0 <= moment } ?? false }
        var grid = try start.map(keyframe) ?? CellGrid()
        for index in segments.indices where index > start ?? -1 && segments[index].earliest <= moment {
            try apply(index, until: moment, to: &grid)
        }
        return grid
    }

    /// The cells at the end of a segment.
    private func keyframe(_ index: Int) throws -> CellGrid {
        if let base, base.index == index { return base.grid }
        let data = try Data.fetchOne(
            db.cachedStatement(sql: "SELECT states FROM keyframes WHERE id = ?"),
            arguments: [segments[index].keyframe?.id])
        let grid = try CellGrid(bytes: [UInt8](data ?? Data()))
        base = (index, grid)
        return grid
    }

    private func apply(_ index: Int, until moment: Int64, to grid: inout CellGrid) throws {
        if let kept, kept.index == index {
            for change in kept.changes where change.at <= moment {
                try grid.set(change.code, image: change.image, node: change.node)
            }
            return
        }
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql:
                    "SELECT image_id, node_id, to_state, reason, at FROM transitions WHERE id BETWEEN ? AND ? ORDER BY id"
            ),
            arguments: [segments[index].range.lowerBound, segments[index].range.upperBound])
        var changes: [Change]? = []
        while let row = try rows.next() {
            let change = Change(
                image: row[0], node: row[1], at: row[4], code: CellCode(state: row[2], reason: row[3]))
            if change.at <= moment { try grid.set(change.code, image: change.image, node: change.node) }
            changes?.append(change)
            if let count = changes?.count, count > Self.maximumKept { changes = nil }
        }
        if let changes { kept = (index, changes) }
    }
}
