import ArgumentParser
import ConfigurationParsing
import Formatting
import FoundationEssentials
@preconcurrency import Glibc
import Reporting

/// `coordinator explain`: what an error message of a pull means.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say what an error message of a failed pull means, without a cluster.",
        discussion: """
            The message is what kubectl describe pod, a kubelet, containerd, CRI-O, Docker or podman printed. Quote it with \
            single quotes, or write it to standard input.

            With --file each line is a message of its own; then --output json prints one object a line.

            Exit status: 0 with an answer, also when the message isn't recognised; 2 when the file can't be read; 64 for \
            wrong options.
            """)

    @Argument(help: ArgumentHelp("The message, or - for standard input.", valueName: "message"))
    var words: [String] = []

    @Option(help: ArgumentHelp("Messages, one a line; - for standard input.", valueName: "file"))
    var file: String?

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case table, json, yaml, csv
    }

    @Option(name: .shortAndLong, help: "How to print it: table, json, yaml or csv.")
    var output = Output.table

    func validate() throws {
        if file != nil, !words.isEmpty { throw ValidationError("Give a message or --file, not both.") }
        if file == nil, words.isEmpty, isatty(STDIN_FILENO) == 1 {
            throw ValidationError("Give a message, - for standard input, or --file.")
        }
    }

    func run() throws {
        if let file {
            try show(Self.lines(try Self.text(file)).map { Explanation(of: $0) })
        } else {
            try show(Explanation(of: words.isEmpty || words == ["-"] ? Self.text("-") : words.joined(separator: " ")))
        }
    }

    private func show(_ one: Explanation) throws {
        switch output {
        case .json: try StandardOutput.write(lines: [PrintOptions.json(one)])
        case .yaml: try StandardOutput.write(lines: [PrintOptions.yaml(one)])
        case .csv: try StandardOutput.write(lines: one.csv)
        case .table: try StandardOutput.write(lines: one.text(Terminal.style, width: Terminal.width))
        }
    }

    private func show(_ all: [Explanation]) throws {
        switch output {
        case .json: try StandardOutput.write(lines: all.map(Self.line))
        case .yaml: try StandardOutput.write(lines: [PrintOptions.yaml(all)])
        case .csv: try StandardOutput.write(lines: [Explanation.csvTitle] + all.map(\.csvLine))
        case .table:
            try StandardOutput.write(lines: Explanation.table(all, Terminal.style, width: Terminal.width))
        }
    }

    private static func line(_ one: Explanation) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(one), as: UTF8.self)
    }

    /// The text of a file or of standard input; what isn't UTF-8 is read as far as it is.
    private static func text(_ file: String) throws -> String {
        do {
            return String(decoding: try ManifestFile.data(file), as: UTF8.self)
        } catch {
            StandardError.complain("\(file == "-" ? "standard input" : file): \(error)")
            throw ConfigCheckCommand.unreadable
        }
    }

    /// Empty lines are messages, too: answers stand in the order of lines.
    static func lines(_ text: String) -> [String] {
        var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { line in
            String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
        }
    }
}
