import ArgumentParser
import ConfigurationParsing
import Control
import Formatting

/// `coordinator pull IMAGE`: now, whatever the plan waits for.
struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Pull an image of the list now, without waiting for back-off, circuits or the hourly refresh.",
        discussion: """
            Caps stay in force, and an image that has never worked is still tried on one node first. Where the image \
            is there, its tag is asked for again. The command doesn't wait for the pulls; `coordinator coverage --wait` \
            does.

            Exit status: 0 when the pulls are due; 1 when the list has no such image, or the cluster no such node; 3 when \
            the coordinator gave no answer; 64 for wrong options.
            """)

    @Argument(help: "An entry's name, or its reference.")
    var image: String

    @Option(help: "Only on this node.")
    var node: String?

    @OptionGroup var server: ServerOptions

    func run() async throws {
        var query = [(name: "image", value: QueryText.bare(image, "image"))]
        let node = node.map { QueryText.bare($0, "node") }
        if let node { query.append(("node", node)) }
        let outcome: PullRequestOutcome = try await server.get("/api/v1/pull", query: query, method: "POST")
        let due = "\(outcome.name) (\(outcome.reference)) is due on \(node ?? "all nodes")"
        try StandardOutput.write(lines: ["\(due): \(Self.state(outcome, node))"])
    }

    private static func state(_ outcome: PullRequestOutcome, _ node: String?) -> String {
        if outcome.missing == 0 { return "it's there, and the registry is asked whether the tag has moved" }
        return node == nil
            ? "\(counted(outcome.missing, "node")) \(outcome.missing == 1 ? "lacks" : "lack") it" : "it's missing"
    }
}
