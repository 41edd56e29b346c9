import ArgumentParser
import Reporting

/// `coordinator node NAME`: why this node isn't covered, and what is being done.
struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Say why a node isn't covered, with the evidence and the next step.",
        discussion: """
            Exit status: 0 when the node has every image; 1 when it hasn't, or isn't a target node, or there's no \
            such node; 3 when the coordinator gave no answer; 64 for wrong options.
            """)

    @Argument(help: ArgumentHelp("The node.", valueName: "name"))
    var name: String

    @OptionGroup var print: PrintOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let report: NodeReport = try await server.get("/api/v1/nodes/" + QueryText.segment(name))
        try print.show(report) { report.text($0, width: $1, all: print.all) }
        if !report.isCovered { throw ExitCode.failure }
    }
}
