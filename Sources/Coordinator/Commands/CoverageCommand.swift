import ArgumentParser
import FoundationEssentials
import Shared

/// `coordinator coverage`: the report, once, or live until it's good enough.
struct CoverageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coverage",
        abstract: "Show which images are present on which nodes.",
        discussion: """
            Present: the node's container runtime has the whole image. Held: a container uses exactly that image, so \
            the kubelet's garbage collection leaves it alone. Unknown: the node's report is too old to say; it counts \
            neither as present nor as missing.

            Exit status: 0 when the report was given and the bar of --min is reached; 1 below that bar; \
            3 when the coordinator gave no answer, or has nothing to report yet; 64 for wrong options.
            """)

    @Option(help: "What a row is: image, node, zone or label:KEY.", transform: Self.grouping)
    var by: CoverageGrouping = .image

    @Option(help: "How to print it: table, json or csv.")
    var output: OutputFormat = .table

    @Option(help: "The least coverage in percent, unknown cells counted as not covered. Below it the exit status is 1.")
    var min: Double?

    @Flag(
        help: "Wait until the bar of --min (100 without it) is reached, or nothing more can be done without a change.")
    var wait = false

    @Option(help: "How long --wait waits: 90s, 20m, 2h.", transform: Self.duration)
    var timeout: Duration = .seconds(20 * 60)

    @OptionGroup var server: ServerOptions

    func validate() throws {
        if let min, !(0...100).contains(min) { throw ValidationError("--min takes a percentage from 0 to 100.") }
    }

    func run() async throws {
        let report = wait ? try await waitForReport() : try await fetch()
        switch output {
        case .table: report.table.forEach { print($0) }
        case .csv: report.csv.forEach { print($0) }
        case .json: print(try Self.json(report))
        }
        let bar = min ?? (wait ? 100 : nil)
        if let bar, report.total.percent ?? 0 < bar { throw ExitCode(1) }
    }

    private func fetch() async throws -> CoverageReport {
        try await server.get("/api/v1/coverage", query: [("by", by.description)])
    }

    private func waitForReport() async throws -> CoverageReport {
        let bar = min ?? 100
        let deadline = ContinuousClock.now + timeout
        var screen = ProgressScreen()
        var patience = 0
        while true {
            do {
                let report = try await fetch()
                patience = 0
                screen.show(report)
                let isReached = report.total.percent.map { $0 >= bar } ?? false
                // Pods are replaced after the last pull: a report in the middle of that would look unfinished.
                if isReached || report.isSettled || ContinuousClock.now >= deadline {
                    screen.clear()
                    return report
                }
            } catch let error as ServerError {
                // The coordinator may be starting, or being replaced.
                patience += 1
                guard ContinuousClock.now < deadline else { throw error }
                screen.note("\(error.description) (asked \(patience) times, still trying)")
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private static func json(_ report: CoverageReport) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(report), as: UTF8.self)
    }

    private static func grouping(_ text: String) throws -> CoverageGrouping {
        guard let grouping = CoverageGrouping(text) else {
            throw ValidationError("'\(text)' is none of image, node, zone and label:KEY.")
        }
        return grouping
    }

    private static func duration(_ text: String) throws -> Duration {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
        guard let last = text.last, let seconds = units[last], let number = Double(text.dropLast()), number > 0,
            number.isFinite
        else { throw ValidationError("'\(text)' is no duration: write 90s, 20m or 2h.") }
        return .seconds(number * seconds)
    }
}

/// How a query prints its answer.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json, csv
}
