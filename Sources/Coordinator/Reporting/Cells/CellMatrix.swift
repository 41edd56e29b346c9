import Cluster
import Formatting
import ImageSets
import Planning
import Shared

/// The states of all cells at one moment, as small as they can be told: the answer of `GET /api/v1/cells`.
package struct CellMatrix: Codable, Sendable, Hashable {
    /// When, by the coordinator's clock (RFC 3339).
    package var at: String
    /// The revision in force then.
    var revision: Int
    var evidence: CoverageReport.Evidence
    /// The words of the digits in ``cells``.
    var states = CellState.allCases.map(\.word)
    /// The columns.
    package var images: [Image] = []
    /// The rows: the names of the target nodes, sorted.
    package var nodes: [String] = []
    /// A row for each node, a digit for each image: its state's position in ``states``. `none`: no image set wants the image
    /// there, so it isn't a cell.
    var cells: [String] = []
    /// For each node, seconds since the newest listing of its images; nil when there's none, and for past moments.
    package var reportAgeSeconds: [Double?] = []
    /// The nodes' labels, where they group nodes.
    var labels: [LabelColumn] = []
    /// All image sets, `default` first, whichever is shown.
    var sets: [ListedSet] = []
    /// What there is to know about a past moment; nil in an answer about the present.
    var past: CoverageReport.Past?

    struct ListedSet: Codable, Sendable, Hashable {
        var name: String
        /// The columns among ``images`` that it lists, by their positions.
        var images: [Int]
    }

    package struct Image: Codable, Sendable, Hashable {
        package var name: String
        /// As the user wrote it.
        package var reference: String
    }

    init(
        at: Timestamp, revision: Int, evidence: CoverageReport.Evidence, _ cells: SetCells,
        of all: SetCells,
        past: CoverageReport.Past? = nil
    ) {
        self.at = at.rfc3339
        self.revision = revision
        self.evidence = evidence
        images = cells.images.map { Image(name: $0.name, reference: $0.reference.written) }
        sets = all.sets.map { set in
            ListedSet(
                name: set.name,
                images: set.columns.compactMap { cells.column(ofFleet: all.fleetColumn($0)) })
        }
        self.past = past
    }

    mutating func add(node: String, states: some Sequence<CellState>, reportAgeSeconds age: Double?) {
        nodes.append(node)
        cells.append(String(decoding: states.map { Self.zero + $0.rawValue }, as: UTF8.self))
        reportAgeSeconds.append(age.map { ($0 * 10).rounded() / 10 })
    }

    private static let zero = UInt8(ascii: "0")
}
