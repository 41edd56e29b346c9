import ArgumentParser
import Reporting

/// A question for the coverage report, as several commands ask it.
struct CoverageQuery {
    let server: ServerOptions
    var by: CoverageGrouping
    /// A past moment; nil: now.
    var at: String?
    /// Which nodes count; nil: all.
    var selector: String?
    /// Which image set counts; nil: all.
    var set: String?
    /// Whether prefetches count.
    var prefetches = true

    /// - Parameters:
    ///   - all: every row; else those of the first page.
    ///   - estimate: whether the time that is left is wanted, too.
    /// - Throws: ``ServerError``.
    func fetch(all: Bool = true, estimate: Bool = false) async throws -> CoverageReport {
        var query = [(name: "by", value: by.description), (name: "limit", value: "10000")]
        query += [("at", at), ("selector", selector), ("set", set)].compactMap { name, value in value.map { (name, $0) }
        }
        if estimate { query.append(("estimate", "true")) }
        if !prefetches { query.append(("prefetches", "false")) }
        var report: CoverageReport = try await server.get("/api/v1/coverage", query: query)
        while all, let cursor = report.nextCursor {
            let page: CoverageReport = try await server.get("/api/v1/coverage", query: query + [("cursor", cursor)])
            report.rows += page.rows
            report.nextCursor = page.nextCursor == cursor ? nil : page.nextCursor
        }
        return report
    }

    /// What `coordinator images` and `coordinator nodes` show: a row for each.
    func list(_ print: PrintOptions, watch: Bool) async throws {
        if watch {
            return try await WatchLoop(print: print, time: \.at) {
                try await fetch()
            } table: {
                $0.table($1, width: $2, all: print.all, wide: print.isWide)
            }.run()
        }
        let report = try await fetch()
        try print.show(report) { report.table($0, width: $1, all: print.all, wide: print.isWide) }
    }
}

/// Which image set a question is about.
struct SetOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only what this image set wants: default is that of the main ConfigMap, a prefetch has its own. Default: all "
                + "sets.", valueName: "name"),
        transform: QueryText.set)
    var set: String?

    var query: [(name: String, value: String)] { self.set.map { [("set", $0)] } ?? [] }
}

/// Which nodes a question is about.
struct SelectorOption: ParsableArguments {
    @Option(
        name: [.customShort("l"), .long],
        help: ArgumentHelp(
            "Only nodes with such labels, as kubectl takes them: zone=a, role!=infra, \"zone in (a,b)\", gpu, '!gpu'.",
            valueName: "selector"),
        transform: QueryText.selector)
    var selector: String?
}
