import ArgumentParser
import ConfigurationParsing
import Formatting
import FoundationEssentials
import KubernetesClient
import Planning
import Reporting
import Shared
import Yams

/// What all questions share: how the answer is printed, and how much of it.
struct PrintOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "How to print it: table, wide, json, yaml, csv or name.")
    var output: OutputFormat = .table

    @Flag(help: ArgumentHelp(PrintOptions.allHelp))
    var all = false

    static let allHelp = "All rows, where a table would show the most telling ones."

    /// Whether a table is as wide as it is, with every column.
    var isWide: Bool { output == .wide }
}

/// The same for answers whose rows have no names, so that neither help nor completion offers `-o name`.
struct RowOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "How to print it: table, wide, json, yaml or csv.")
    var output: RowFormat = .table

    @Flag(help: ArgumentHelp(PrintOptions.allHelp))
    var all = false

    var print: PrintOptions {
        var options = PrintOptions()
        (options.output, options.all) = (output.format, all)
        return options
    }
}

/// For commands that can show their answer again and again.
struct WatchOption: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Show it again whenever it changes, until interrupted.")
    var watch = false
}

/// How a query prints its answer.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, wide, json, yaml, csv, name

    /// Whether it is a table, not for a program.
    var isForPeople: Bool { self == .table || self == .wide }
}

enum RowFormat: String, ExpressibleByArgument, CaseIterable {
    case table, wide, json, yaml, csv

    var format: OutputFormat {
        switch self {
        case .table: .table
        case .wide: .wide
        case .json: .json
        case .yaml: .yaml
        case .csv: .csv
        }
    }
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
            throw ValidationError("'\(text)' is none of image, node, zone, set, label:KEY and all.")
        }
        return grouping
    }

    @Sendable static func set(_ text: String) throws -> String {
        guard !text.isEmpty else { throw ValidationError("--set takes the name of an image set.") }
        return text
    }

    @Sendable static func selector(_ text: String) throws -> String {
        guard LabelFilter(text) != nil else {
            throw ValidationError("'\(text)' is no label selector: write \(LabelFilter.help).")
        }
        return text
    }

    /// A name as kubectl and `-o name` write it, `node/NAME`, is the name.
    static func bare(_ name: String, _ kind: String) -> String {
        let rest = name.hasPrefix(kind + "/") ? name.dropFirst(kind.count + 1) : ""
        // `image/foo:1` can be a repository of Docker Hub, whose names have two parts.
        let isReference = !rest.contains("/") && rest.contains { ":@".contains($0) }
        return rest.isEmpty || isReference ? name : String(rest)
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
        case .table, .wide: try StandardOutput.write(lines: table(Terminal.style, isWide ? nil : Terminal.width))
        case .json, .yaml, .csv, .name:
            let text = try text(answer)
            if !text.isEmpty { try StandardOutput.write(lines: [text]) }
        }
    }

    /// An answer in a form for programs.
    ///
    /// - Throws: `ValidationError` for `-o name` of an answer whose rows have no names.
    func text(_ answer: some Answer) throws -> String {
        switch output {
        case .json: return try Self.json(answer)
        case .yaml: return try Self.yaml(answer)
        case .name:
            guard let names = answer.names else {
                throw ValidationError(
                    "-o name is for nodes, images and prefetches: these rows have no names of their own.")
            }
            return names.joined(separator: "\n")
        case .csv, .table, .wide: return answer.csv.joined(separator: "\n")
        }
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func yaml(_ value: some Encodable) throws -> String {
        let value = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(value))
        // Lines as long as they are: a message that is broken can't be searched for.
        return try serialize(node: node(value), width: -1, allowUnicode: true, sortKeys: true)
    }

    /// YAMLEncoder writes 83.3 as 8.33e+1.
    private static func node(_ value: JSONValue) -> Yams.Node {
        switch value {
        case .null: Yams.Node("null", Tag(.null))
        case .bool(let value): Yams.Node("\(value)", Tag(.bool))
        case .integer(let value): Yams.Node("\(value)", Tag(.int))
        case .number(let value): Yams.Node("\(value)", Tag(.float))
        case .string(let text) where text.contains("\n"): Yams.Node(text, Tag(.str), .literal)
        case .string(let text): .scalar(text.represented())
        case .array(let values): Yams.Node(values.map(node))
        case .object(let fields): Yams.Node(fields.map { (.scalar($0.key.represented()), node($0.value)) })
        }
    }

    /// Says what a table says below its rows, where the output is for a program that shows them alone.
    func remark(_ text: String) {
        if !output.isForPeople { StandardError.write("note: \(text)\n") }
    }

    /// The same for a list that has more rows than were asked for.
    func remark(more cursor: String?, than rows: Int) {
        guard cursor != nil else { return }
        remark("only the newest \(counted(rows, "row")): --all gives all, --limit as many as it says")
    }
}
