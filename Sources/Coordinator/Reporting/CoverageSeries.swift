import History
import ImageSets
import Planning

/// Coverage at moments of equal distance: the answer of `GET /api/v1/coverage/series`.
package struct CoverageSeries: Codable, Sendable, Hashable {
    var grouping: String
    /// Seconds between two points.
    var stepSeconds: Double
    /// Oldest first.
    package var points: [Point]
    /// Which image set counts; nil: all of them.
    package var set: String?

    package struct Point: Codable, Sendable, Hashable {
        /// RFC 3339.
        var at: String
        var revision: Int
        /// Whether a coordinator was watching. If not, everything is unknown.
        var watched: Bool
        var nodes: Int
        var images: Int
        package var total: CoverageCounts
        var rows: [Row]
    }

    struct Row: Codable, Sendable, Hashable {
        var name: String
        /// The reference as the user wrote it, when the slice is an image.
        var reference: String?
        var counts: CoverageCounts
    }

    /// Points of one series at most.
    package static let maximumPoints = 1000

    /// - Parameters:
    ///   - maximumRows: rows of all points together. Slices that nodes of the past had count too, so what is asked for can
    ///     be more than could be known before: then the rows of the oldest points are left out, not their totals.
    ///   - selector: which nodes count; nil: all.
    ///   - set: which image set counts; nil: all of them.
    package init(
        _ reader: PastReader, by grouping: CoverageGrouping, since: Int64, until: Int64, step: Int64,
        maximumRows: Int = .max, selector: LabelFilter? = nil, set: String? = nil
    ) throws {
        self.grouping = grouping.description
        self.set = set
        stepSeconds = Double(step) / 1000
        points = []
        var (rows, emptied) = (0, 0)
        var configurations: [String: Configuration?] = [:]
        for at in stride(from: since, through: until, by: Int64.Stride(step)) {
            let moment = try reader.moment(at: at)
            let text = moment.revision?.findings ?? ""
            let configuration = configurations[text] ?? RevisionNotes(text: text)?.configuration
            configurations[text] = configuration
            let report = CoverageReport(
                moment, by: grouping, configuration: configuration, selector: selector, set: set)
            points.append(
                Point(
                    at: report.at, revision: report.revision, watched: report.past?.watched ?? false,
                    nodes: report.nodes, images: report.images, total: report.total,
                    rows: report.rows.map { Row(name: $0.name, reference: $0.reference, counts: $0.counts) }))
            rows += report.rows.count
            while rows > maximumRows, emptied < points.count {
                rows -= points[emptied].rows.count
                points[emptied].rows = []
                emptied += 1
            }
        }
    }
}
