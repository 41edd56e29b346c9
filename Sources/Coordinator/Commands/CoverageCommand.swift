import ArgumentParser
import Cluster
import Formatting
import FoundationEssentials
import Planning
import Reporting
import Shared

/// `coordinator coverage`: the report, now or of a past moment, live until it's good enough, or as a series.
struct CoverageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coverage",
        abstract: "Show which images are present on which nodes.",
        discussion: """
            Present: the node's container runtime has the whole image. Held: a container uses exactly that image, so \
            the kubelet's garbage collection leaves it alone. Unknown: the node's report is too old to say; it counts \
            neither as present nor as missing.

            Everything counts that any image set wants, prefetches too. A bar (--min, --wait, --exit-status) is for what \
            image sets hold: with one, prefetches don't count, unless --set names one.

            A bar counts for the ConfigMap as it stands: while its last edit is rejected, or a part of it has no effect, \
            --min and --wait don't succeed, whatever the coverage of the list in force. To wait for an edit of your own, \
            take the version that it got: \
            RV=$(kubectl apply -f FILE -o jsonpath={.metadata.resourceVersion}); \
            coordinator coverage --wait --resource-version $RV

            Exit status: 0 when the report was given and the bar of --min is reached; 1 below that bar, or while the \
            last edit isn't in force as a whole; \
            3 when the coordinator gave no answer, or has nothing to report yet; 64 for wrong options.
            """)

    @Option(help: "What a row is: image, node, zone, set, label:KEY or all.", transform: QueryText.grouping)
    var by: CoverageGrouping = .image

    @Option(
        help: ArgumentHelp("A past moment: \(MomentText.momentHelp).", valueName: "time"), transform: QueryText.moment)
    var at: String?

    @Option(
        help: ArgumentHelp("As a series, from this time on: \(MomentText.momentHelp).", valueName: "time"),
        transform: QueryText.moment)
    var since: String?

    @Option(help: ArgumentHelp("The end of the series. Default: now.", valueName: "time"), transform: QueryText.moment)
    var until: String?

    @Option(
        help: ArgumentHelp("Between two points of the series. Default: 1h.", valueName: "span"),
        transform: QueryText.span)
    var step: String?

    @Option(help: "The least coverage in percent, unknown cells counted as not covered. Below it the exit status is 1.")
    var min: Double?

    @Flag(
        help: "Wait until the bar of --min (100 without it) is reached, or nothing more can be done without a change.")
    var wait = false

    @Flag(help: "Exit with 1 unless everything is present: as --min 100.")
    var exitStatus = false

    @Flag(
        help: ArgumentHelp(
            "Let the bar of --min, --wait and --exit-status count what is held, not what is present: also what a kubelet "
                + "refuses to our containers isn't there yet."))
    var held = false

    @OptionGroup var watching: WatchOption
    @OptionGroup var nodes: SelectorOption
    @OptionGroup var sets: SetOption

    @Option(
        help: ArgumentHelp("How long --wait waits: 90s, 20m, 2h. Default: 20m.", valueName: "span"),
        transform: QueryText.duration)
    var timeout: Duration?

    @Option(
        help: ArgumentHelp(
            "Wait until the coordinator has judged the ConfigMap of this metadata.resourceVersion, or a later one.",
            valueName: "version"))
    var resourceVersion: String?

    @OptionGroup var print: PrintOptions
    @OptionGroup var server: ServerOptions

    func validate() throws {
        if let min, !(0...100).contains(min) { throw ValidationError("--min takes a percentage from 0 to 100.") }
        if exitStatus, min != nil { throw ValidationError("--exit-status is --min 100: give one of them.") }
        let modes = [at != nil, since != nil, wait, watching.watch].count { $0 }
        if modes > 1 { throw ValidationError("Only one of --at, --since, --wait and --watch can be given.") }
        if since == nil, until != nil { throw ValidationError("--until goes with --since.") }
        if since == nil, step != nil { throw ValidationError("--step goes with --since.") }
        if !wait, timeout != nil { throw ValidationError("--timeout goes with --wait.") }
        if let resourceVersion {
            guard wait else { throw ValidationError("--resource-version goes with --wait.") }
            guard !resourceVersion.isEmpty, resourceVersion.allSatisfy({ $0.isASCII && $0.isNumber }) else {
                throw ValidationError(
                    "'\(resourceVersion)' is no version: --resource-version takes the number in the ConfigMap's "
                        + "metadata.resourceVersion.")
            }
        }
        if held, since != nil || !wait && !exitStatus && min == nil {
            throw ValidationError("--held goes with --min, --wait or --exit-status of one report.")
        }
        if watching.watch, min != nil || exitStatus {
            throw ValidationError("--min and --exit-status don't go with --watch, which has no end; --wait has.")
        }
        if print.output == .name, since != nil { throw ValidationError("-o name doesn't go with --since.") }
        if print.output == .name, ![.image, .node].contains(by) {
            throw ValidationError("-o name goes with --by image and --by node.")
        }
    }

    func run() async throws {
        if since != nil { return try await showSeries() }
        if watching.watch { return try await query.list(print, watch: true) }
        let report = wait ? try await waitForReport() : try await query.fetch()
        try print.show(report) { report.table($0, width: $1, all: print.all, wide: print.isWide) }
        guard let bar = min ?? (wait || exitStatus ? 100 : nil) else { return }
        let obstacle = obstacle(to: report)
        guard share(report) < bar || obstacle != nil else { return }
        // --wait has said it.
        if !wait {
            let percent = "coverage is \(Self.share(of: report, held: held)), below \(Self.text(bar)) %"
            let reason = obstacle.map { "\($0), so no bar is reached; /api/v1/configuration says more" }
            StandardError.complain(reason ?? percent)
        }
        throw ExitCode(1)
    }

    private var query: CoverageQuery {
        CoverageQuery(
            server: server, by: by, at: at, selector: nodes.selector, set: sets.set,
            // What somebody else prefetches, perhaps in vain, is in nobody's way.
            prefetches: sets.set != nil || !(wait || exitStatus || min != nil))
    }

    /// What the bar is for.
    private func share(_ report: CoverageReport) -> Double {
        (held ? report.heldPercent : report.total.percent) ?? 0
    }

    private static func share(of report: CoverageReport, held: Bool) -> String {
        let total = report.total
        guard held else { return CoverageReport.percent(total) }
        let refused = total.refused > 0 ? ", \(total.refused) refused by kubelets" : ""
        return "\(report.heldOrLoose) of \(total.cells) held\(refused)"
    }

    /// Whether waiting changes nothing any more.
    static func isSettled(_ report: CoverageReport, held: Bool) -> Bool {
        report.isSettled && (!held || report.heldOrLoose == report.total.present)
    }

    private static func text(_ bar: Double) -> String { bar == bar.rounded() ? "\(Int(bar))" : "\(bar)" }

    /// Why a report isn't the one that is meant, however much is covered; nil when it is.
    private func obstacle(to report: CoverageReport) -> String? {
        if let resourceVersion, report.lastEdit?.includes(resourceVersion) != true {
            return "the coordinator hasn't seen version \(resourceVersion) of the ConfigMap yet, "
                + "but \(report.lastEdit?.resourceVersion ?? "none")"
        }
        return report.lastEdit?.trouble
    }

    private func showSeries() async throws {
        var query = [(name: "by", value: by.description), (name: "step", value: step ?? "1h")]
        query += [("since", since), ("until", until), ("selector", nodes.selector), ("set", sets.set)].compactMap {
            name, value in
            value.map { (name, $0) }
        }
        let series: CoverageSeries = try await server.get("/api/v1/coverage/series", query: query)
        let wider = series.widening(of: MomentText.seconds(step ?? "1h") ?? 0)
        try print.show(series) { style, width in
            series.table(style, width: width, all: print.all)
                + (wider.map { wrapped($0, width: width, indent: "  ") } ?? [])
        }
        if let wider { print.remark(wider) }
        guard let bar = min ?? (exitStatus ? 100 : nil), let last = series.points.last, last.total.percent ?? 0 < bar
        else {
            return
        }
        StandardError.complain(
            "coverage at the end of the series is \(CoverageReport.percent(last.total)), below \(Self.text(bar)) %")
        throw ExitCode(1)
    }

    /// Why the waiting ended though the bar isn't reached.
    ///
    /// - Parameter obstacle: what is in the way beside the coverage.
    static func ending(
        _ report: CoverageReport, bar: Double, timeout: Duration, obstacle: String? = nil, held: Bool = false
    ) -> String {
        let percent = share(of: report, held: held)
        if obstacle == nil, isSettled(report, held: held) {
            return
                "stopped waiting at \(percent): what is missing fails until something is changed, as shown below"
        }
        let bar = text(bar)
        let time = SpanText.seconds(Double(timeout.components.seconds))
        let end = "stopped waiting after \(time) (--timeout) at \(percent)"
        return obstacle.map { "\(end): \($0)" } ?? "\(end), below \(bar) %"
    }

    private func waitForReport() async throws -> CoverageReport {
        let bar = min ?? 100
        let timeout = timeout ?? .seconds(20 * 60)
        let deadline = ContinuousClock.now + timeout
        let pause = LookPause()
        var screen = ProgressScreen()
        var patience = 0
        while true {
            do {
                let report = try await query.fetch(all: false, estimate: true)
                patience = 0
                let obstacle = obstacle(to: report)
                screen.show(report, note: obstacle)
                let isReached = obstacle == nil && share(report) >= bar
                let isSettled = obstacle == nil && Self.isSettled(report, held: held)
                // Pods are replaced after the last pull: a report in the middle of that would look unfinished.
                let isLate = ContinuousClock.now >= deadline
                if isReached || isSettled || isLate {
                    screen.clear()
                    if !isReached {
                        let words = Self.ending(
                            report, bar: bar, timeout: timeout, obstacle: obstacle, held: held)
                        StandardError.complain(words)
                    }
                    return report
                }
            } catch let error as ServerError {
                // The coordinator may be starting, or being replaced.
                patience += 1
                guard error.mayPass, ContinuousClock.now < deadline else { throw error }
                let times = patience == 1 ? "once" : "\(patience) times"
                screen.note("\(error.description) (asked \(times), still trying)")
            }
            try await pause.rest()
        }
    }
}
