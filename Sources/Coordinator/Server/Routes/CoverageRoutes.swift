import Hummingbird
import Planning

/// Coverage: now, at a past moment, and as a series.
struct CoverageRoutes: Sendable {
    let desk: QuestionDesk

    /// Rows of one answer, unless asked for otherwise.
    static let defaultRows = 500
    /// Cells of a series at most (points × rows): what is more isn't for people, and would hold memory.
    static let maximumSeriesCells = 500_000

    func coverage(_ request: Request) async throws -> Response {
        let parameters = desk.parameters(request)
        let grouping = try desk.grouping(parameters)
        let limit = try parameters.integer("limit", in: 1...10_000, default: Self.defaultRows)
        let cursor = try parameters.text("cursor")
        let at = try parameters.moment("at")
        let isEstimated = try parameters.flag("estimate")
        var report: CoverageReport
        if let at {
            try Self.checkPast(at, now: parameters.now, name: "at")
            let set = await desk.imageSet
            report = try await desk.history { store in
                try await store.past(imageSet: set, withLabels: grouping.needsLabels) { reader in
                    CoverageReport(try reader.moment(at: at.milliseconds), by: grouping)
                }
            }
        } else {
            let snapshot = try await desk.snapshot()
            report = CoverageReport(snapshot, by: grouping)
            if isEstimated { report.secondsLeft = await estimate(snapshot) }
        }
        report.page(after: cursor, limit: limit)
        return try report.response(to: request)
    }

    func series(_ request: Request) async throws -> Response {
        let parameters = desk.parameters(request)
        let grouping = try desk.grouping(parameters)
        let until = try parameters.moment("until") ?? parameters.now
        let since = try parameters.moment("since") ?? until + -86_400
        let step = try parameters.span("step", default: 3600)
        try Self.checkPast(until, now: parameters.now, name: "until")
        guard since <= until else { throw QueryParameters.problem("since", "It is later than until.") }
        let points = Double(until.milliseconds(since: since)) / (step * 1000) + 1
        guard points <= Double(CoverageSeries.maximumPoints) else {
            throw QueryParameters.problem(
                "step", "That makes \(Int(points)) points, and \(CoverageSeries.maximumPoints) is the most.")
        }
        if grouping == .node, let count = await desk.loop.snapshot()?.targets.count {
            guard Int(points) * count <= Self.maximumSeriesCells else {
                throw QueryParameters.problem("step", "Points times nodes may be \(Self.maximumSeriesCells) at most.")
            }
        }
        let set = await desk.imageSet
        let series = try await desk.history { store in
            try await store.past(imageSet: set, withLabels: grouping.needsLabels) { reader in
                try CoverageSeries(
                    reader, by: grouping, since: since.milliseconds, until: until.milliseconds,
                    step: Int64((step * 1000).rounded()))
            }
        }
        return try series.response(to: request)
    }

    private static func checkPast(_ moment: Timestamp, now: Timestamp, name: String) throws {
        guard moment <= now + 1 else { throw QueryParameters.problem(name, "It lies in the future.") }
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
    mutating func page(after cursor: String?, limit: Int) {
        if let cursor, let position = rows.firstIndex(where: { $0.name == cursor }) {
            rows.removeFirst(position + 1)
        } else if let cursor {
            // The row has gone meanwhile: rows are sorted by name, except images, of which there are few.
            rows.removeAll { $0.name <= cursor }
        }
        guard rows.count > limit else { return }
        rows.removeLast(rows.count - limit)
        nextCursor = rows.last?.name
    }
}

extension CoverageReport: Answer {
    var timeless: CoverageReport {
        var copy = self
        copy.at = ""
        copy.secondsLeft = nil
        for index in copy.rows.indices {
            copy.rows[index].reportAgeSeconds = nil
            for group in copy.rows[index].failures.indices { copy.rows[index].failures[group].nextAttemptSeconds = nil }
        }
        return copy
    }
}
