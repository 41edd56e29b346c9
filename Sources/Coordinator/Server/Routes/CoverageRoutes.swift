import Cluster
import Control
import Formatting
import HTTPListener
import History
import Hummingbird
import Planning
import Reporting
import Shared

/// Coverage: now, at a past moment, and as a series.
package struct CoverageRoutes: Sendable {
    let desk: QuestionDesk

    /// Rows of one answer, unless asked for otherwise.
    package static let defaultRows = 500
    /// Cells of a series at most (points × rows): what is more isn't for people, and would hold memory.
    static let maximumSeriesCells = 500_000

    func coverage(_ request: Request) async throws -> Response {
        let parameters = desk.parameters(request)
        let grouping = try desk.grouping(parameters)
        let limit = try parameters.integer("limit", in: 1...10_000, default: Self.defaultRows)
        let cursor = try parameters.text("cursor", maximumBytes: 300)
        let at = try parameters.moment("at")
        let selector = try parameters.selector()
        let set = try parameters.set()
        let isEstimated = try parameters.flag("estimate")
        let prefetches = try parameters.flag("prefetches", default: true)
        var report: CoverageReport
        if let at {
            try Self.checkPast(at, now: parameters.now)
            _ = try await desk.knownSet(parameters)
            let source = await desk.imageSet
            report = try await desk.history { store in
                try await store.past(imageSet: source, withLabels: grouping.needsLabels || selector != nil) { reader in
                    CoverageReport(
                        try reader.moment(at: at.milliseconds), by: grouping, selector: selector, set: set,
                        prefetches: prefetches)
                }
            }
        } else {
            // Before the snapshot: what is told to be in force is so in the snapshot too.
            let status = await desk.configurationStatus()
            let whole = try await desk.snapshot()
            try desk.checkSet(set, in: whole)
            let snapshot = prefetches ? whole : whole.withoutPrefetches()
            report = CoverageReport(snapshot, by: grouping, selector: selector, set: set)
            report.lastEdit = LastEdit(status)
            if isEstimated { report.secondsLeft = await estimate(snapshot.keeping(selector, set: set)) }
        }
        try report.page(after: cursor, limit: limit)
        return try report.response(to: request)
    }

    func series(_ request: Request) async throws -> Response {
        let parameters = desk.parameters(request)
        let grouping = try desk.grouping(parameters)
        let until = min(try parameters.moment("until") ?? parameters.now, parameters.now)
        let since = try parameters.moment("since") ?? until + -86_400
        try QueryParameters.checkOrder(since, until)
        let step = try parameters.span("step", default: 3600)
        let selector = try parameters.selector()
        let set = try await desk.knownSet(parameters)
        // As fine as is asked for, as far as it stays an answer that people and memory can take: it says its own step.
        let span = Double(max(0, until.milliseconds(since: since))) / 1000
        var points = CoverageSeries.maximumPoints
        if let count = await desk.loop.snapshot().map({ grouping.slices(of: $0.targets) }), count > 0 {
            points = max(2, min(points, Self.maximumSeriesCells / count))
        }
        let wide = max(step, (span / Double(points - 1)).rounded(.up))
        let source = await desk.imageSet
        let series = try await desk.history { store in
            try await store.past(imageSet: source, withLabels: grouping.needsLabels || selector != nil) { reader in
                try CoverageSeries(
                    reader, by: grouping, since: since.milliseconds, until: until.milliseconds,
                    step: Int64(saturating: (wide * 1000).rounded()), maximumRows: Self.maximumSeriesCells,
                    selector: selector, set: set)
            }
        }
        return try series.response(to: request)
    }

    static func checkPast(_ moment: Timestamp, now: Timestamp) throws {
        guard moment <= now + 1 else {
            throw ProblemDocument(
                .badRequest, "future", title: "There's no report of that moment yet",
                detail: "at is \(moment.rfc3339), and the coordinator's clock says \(now.rfc3339).")
        }
    }

    /// Seconds until what can come has come, by the median pull times of the last day.
    private func estimate(_ snapshot: Snapshot) async -> Double? {
        guard let store = desk.loop.history.queries else { return nil }
        let since = (snapshot.now + -86_400).milliseconds
        let medians = try? await store.read { db in try PullTimes.medians(since: since, db) }
        return medians.flatMap { PullEstimate(snapshot, medians: $0).secondsLeft }
    }
}

extension CoverageReport {
    /// Keeps the rows after a name, and not more than so many.
    ///
    /// - Throws: ``ProblemDocument`` (400) when nobody can tell which rows come after it.
    package mutating func page(after cursor: String?, limit: Int) throws {
        if let cursor, let position = rows.firstIndex(where: { $0.name == cursor }) {
            rows.removeFirst(position + 1)
        } else if let cursor {
            // The row has gone meanwhile. Rows are sorted by name, except images, which stand as they are listed.
            guard grouping != CoverageGrouping.image.description else {
                throw ProblemDocument(
                    .badRequest, "cursor-gone", title: "The row that the cursor names has gone",
                    detail: "The list has no entry \"\(cursor)\" any more: begin again, without the cursor.")
            }
            rows.removeAll { $0.name <= cursor }
        }
        guard rows.count > limit else { return }
        rows.removeLast(rows.count - limit)
        nextCursor = rows.last?.name
    }
}
