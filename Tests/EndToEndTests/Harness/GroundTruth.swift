import Cluster
import Foundation
import Planning
import Shared

@testable import Formatting
@testable import Reporting

/// What runtimes really had, and when, by whoever can look into them without an agent.
actor GroundTruth {
    private var lastPresent: [String: ContinuousClock.Instant] = [:]
    private(set) var looks = 0

    /// - Parameter present: `NODE REFERENCE`, normalised, of everything that is there now.
    func note(_ present: some Sequence<String>) {
        let now = ContinuousClock.now
        for name in present { lastPresent[name] = now }
        looks += 1
    }

    /// - Parameter moment: of which it's asked.
    func wasPresent(
        _ reference: String, on node: String, at moment: ContinuousClock.Instant, within seconds: Double
    ) -> Bool {
        lastPresent["\(node) \(reference)"].map { $0.duration(to: moment) <= .seconds(seconds) } ?? false
    }

    /// How many of these cells were present at a moment, or up to so many seconds before it.
    func count(
        _ references: Set<String>, on nodes: Set<String>, at moment: ContinuousClock.Instant, within seconds: Double
    ) -> Int {
        nodes.reduce(0) { sum, node in
            sum + references.count { wasPresent($0, on: node, at: moment, within: seconds) }
        }
    }
}

/// What may be listed, and in which zone a node may be: as it was before the last change, or as it is after it.
struct PossibleWorld: Sendable {
    var references: Set<String>
    var zones: [String: Set<String>]

    /// Nodes that a slice's row may be about.
    func nodes(_ row: String, by grouping: String) -> Set<String> {
        grouping == "zone" ? Set(zones.filter { $0.value.contains(row) }.keys) : Set(zones.keys)
    }

    func references(_ row: CoverageRow, by grouping: String) -> Set<String> {
        guard grouping == "image", let reference = row.reference else { return references }
        return [(try? ImageReference(reference))?.normalised ?? reference]
    }
}

extension TestCluster {
    /// Cells that a node's page calls present, though they weren't within so many seconds.
    func lies(about node: String, _ truth: GroundTruth, within seconds: Double) async -> [String] {
        // The answer is no older than the question, however long a busy machine takes for it.
        let asked = ContinuousClock.now
        guard let page: NodeReport = try? await query("/api/v1/nodes/\(node)") else { return [] }
        var lies: [String] = []
        for cell in page.images where ["present", "held"].contains(cell.state) {
            let reference = (try? ImageReference(cell.reference))?.normalised ?? cell.reference
            if await truth.wasPresent(reference, on: node, at: asked, within: seconds) { continue }
            // What has just come may have been reported before anybody looked.
            let looks = await truth.looks
            try? await eventually("somebody has looked since", within: 10) { await truth.looks >= looks + 2 }
            if await truth.wasPresent(reference, on: node, at: asked, within: seconds) { continue }
            lies.append("\(cell.reference) is called \(cell.state) on \(node)")
        }
        return lies
    }

    /// Slices that call more cells present than were within so many seconds.
    func exaggerations(
        _ truth: GroundTruth, _ world: PossibleWorld, by groupings: [String] = ["image", "zone", "all"],
        within seconds: Double
    ) async -> [String] {
        var exaggerations: [String] = []
        for grouping in groupings {
            let asked = ContinuousClock.now
            guard let report = try? await coverage(by: grouping) else { continue }
            if grouping != "all" && report.rows.reduce(0, { $0 + $1.counts.present }) != report.total.present {
                exaggerations.append("by \(grouping) the rows aren't the total: \(report)")
            }
            for row in report.rows {
                func possible() async -> Int {
                    await truth.count(
                        world.references(row, by: grouping), on: world.nodes(row.name, by: grouping), at: asked,
                        within: seconds)
                }
                if await possible() >= row.counts.present { continue }
                // What has just come may have been reported before anybody looked.
                let looks = await truth.looks
                try? await eventually("somebody has looked since", within: 10) { await truth.looks >= looks + 2 }
                let most = await possible()
                if most >= row.counts.present { continue }
                exaggerations.append("by \(grouping), \(row.name): \(row.counts.present) present, not \(most)")
            }
        }
        return exaggerations
    }

    /// What history tells otherwise than reports by node, of those that were given.
    func contradictions(_ said: [CoverageReport]) async throws -> [String] {
        var wrong: [String] = []
        for report in said { if let past = try await contradiction(report) { wrong.append(past) } }
        return wrong
    }

    private func contradiction(_ report: CoverageReport) async throws -> String? {
        let moment = MomentText.moment(report.at, now: .wallClock) ?? .wallClock
        func escaped(_ milliseconds: Int64) -> String {
            Timestamp(milliseconds: moment.milliseconds + milliseconds).rfc3339.replacing(":", with: "%3A")
        }
        var told: [String] = []
        // An answer and a report of the same millisecond can stand in either order.
        for shift in [0, -1, 1, -60, 60] as [Int64] {
            let past: CoverageReport = try await query("/api/v1/coverage?by=node&at=\(escaped(shift))")
            if past.rows.map(\.name) == report.rows.map(\.name), past.rows.map(\.counts) == report.rows.map(\.counts) {
                return nil
            }
            told.append("\(past.at): \(Self.words(past))")
        }
        // What is so for less than a millisecond (a cell is missing between an edit and the plan for it) has no moment of
        // its own in history.
        let around: TransitionList = try await query("/api/v1/history?since=\(escaped(-2))&until=\(escaped(2))")
        if !around.items.isEmpty { return nil }
        return "said at \(report.at): \(Self.words(report)); told \(told.joined(separator: "; "))"
    }

    private static func words(_ report: CoverageReport) -> String {
        let rows = report.rows.map { row in
            let counts = row.counts
            return "\(row.name) \(counts.cells) cells, \(counts.present) present, \(counts.held) held, "
                + "\(counts.pulling) pulling, \(counts.failed) failed, \(counts.missing) missing, "
                + "\(counts.unknown) unknown"
        }
        return "revision \(report.revision), " + rows.joined(separator: ", ")
    }
}
