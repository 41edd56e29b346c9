import ArgumentParser
import Cluster
import Formatting
import Planning
import Reporting

/// `coordinator node NAME`: why this node isn't covered, and what is being done.
struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Say why a node isn't covered, with the evidence and the next step.",
        discussion: """
            Without a name, the list: `coordinator nodes` is `coordinator coverage --by node`.

            Exit status: 0 when the node has every image, and with the list; 1 when it hasn't, or isn't a target node, or \
            there's no such node; 3 when the coordinator gave no answer; 64 for wrong options.
            """,
        aliases: ["nodes"])

    @Argument(help: ArgumentHelp("The node.", valueName: "name"))
    var name: String?

    @OptionGroup var watching: WatchOption
    @OptionGroup var nodes: SelectorOption
    @OptionGroup var sets: SetOption
    @OptionGroup var print: PrintOptions
    @OptionGroup var server: ServerOptions

    func validate() throws {
        if name != nil, nodes.selector != nil {
            throw ValidationError("--selector goes with the list, without a name.")
        }
    }

    func run() async throws {
        guard let name else {
            return try await CoverageQuery(server: server, by: .node, selector: nodes.selector, set: sets.set)
                .list(print, watch: watching.watch)
        }
        let path = "/api/v1/nodes/" + QueryText.segment(QueryText.bare(name, "node"))
        if watching.watch {
            return try await WatchLoop<NodeReport>(print: print, time: { _ in Timestamp.wallClock.rfc3339 }) {
                try await server.get(path, query: sets.query)
            } table: {
                $0.text($1, width: $2, all: print.all)
            }.run()
        }
        let report: NodeReport = try await server.get(path, query: sets.query)
        try print.show(report) { report.text($0, width: $1, all: print.all) }
        if !report.isCovered { throw ExitCode.failure }
    }
}
