import ArgumentParser
import ConfigurationParsing
import Formatting
import FoundationEssentials
import KubernetesClient
import Planning
import Reporting
import Shared

/// What all questions share: how the answer is printed, and how much of it.
struct PrintOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "How to print it: table, json or csv.")
    var output: OutputFormat = .table

    @Flag(help: "All rows, where a table would show the most telling ones.")
    var all = false
}

/// How a query prints its answer.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json, csv
}

/// Which part of history is meant.
struct RangeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("From when on: \(MomentText.momentHelp).", valueName: "time"), transform: QueryText.moment)
    var since: String?

    @Option(help: ArgumentHelp("Until when. Default: now.", valueName: "time"), transform: QueryText.moment)
    var until: String?

    var query: [(name: String, value: String)] {
        [("since", since), ("until", until)].compactMap { name, value in value.map { (name, $0) } }
    }
}

/// Options' values as they go into a query, checked before anybody is asked.
enum QueryText {
    @Sendable static func moment(_ text: String) throws -> String {
        guard MomentText.moment(text, now: .wallClock) != nil else {
            throw ValidationError("'\(text)' is no time: write \(MomentText.momentHelp).")
        }
        return text
    }

    @Sendable static func span(_ text: String) throws -> String {
        guard let seconds = MomentText.seconds(text), seconds >= 1 else {
            throw ValidationError("'\(text)' is no span: write \(MomentText.spanHelp).")
        }
        return text
    }

    @Sendable static func duration(_ text: String) throws -> Duration {
        guard let seconds = MomentText.seconds(text), seconds > 0 else {
            throw ValidationError("'\(text)' is no duration: write \(MomentText.spanHelp).")
        }
        return .seconds(seconds)
    }

    @Sendable static func grouping(_ text: String) throws -> CoverageGrouping {
        guard let grouping = CoverageGrouping(text) else {
            throw ValidationError("'\(text)' is none of image, node, zone, label:KEY and all.")
        }
        return grouping
    }

    /// - Throws: `ValidationError` when a list can't have so many rows.
    static func checkLimit(_ limit: Int, most: Int) throws {
        if !(1...most).contains(limit) { throw ValidationError("--limit takes a number from 1 to \(most).") }
    }

    /// A part of a path.
    static func segment(_ text: String) -> String { percentEncoded(text) }
}

extension PrintOptions {
    /// Prints an answer in the form that was asked for.
    ///
    /// - Parameter table: the lines for people.
    /// - Throws: ``StandardOutput/Fault``.
    func show(_ answer: some Answer, table: (TextStyle, _ width: Int?) -> [String]) throws {
        switch output {
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try StandardOutput.write(lines: [String(decoding: try encoder.encode(answer), as: UTF8.self)])
        case .csv: try StandardOutput.write(lines: answer.csv)
        case .table: try StandardOutput.write(lines: table(Terminal.style, Terminal.width))
        }
    }

    /// Says what a table says below its rows, where the output is for a program that shows them alone.
    func remark(_ text: String) {
        if output != .table { StandardError.write(text + "\n") }
    }

    /// The same for a list that has more rows than were asked for.
    func remark(more cursor: String?, than rows: Int) {
        guard cursor != nil else { return }
        remark("only the newest \(counted(rows, "row")): --all gives all, --limit as many as it says")
    }
}
