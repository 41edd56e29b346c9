import ArgumentParser

/// `coordinator pull IMAGE`: now, whatever the plan waits for.
struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Pull an image of the list now, without waiting for back-off, circuits or the hourly refresh.",
        discussion: """
            Caps stay in force, and an image that has never worked is still tried on one node first. Where the image \
            is there, its tag is asked for again. The command doesn't wait for the pulls; `coordinator coverage --wait` \
            does.

            Exit status: 0 when the pulls are due; 3 when the coordinator gave no answer, or doesn't know the image or \
            the node; 64 for wrong options.
            """)

    @Argument(help: "An entry's name, or its reference.")
    var image: String

    @Option(help: "Only on this node.")
    var node: String?

    @OptionGroup var server: ServerOptions

    func run() async throws {
        var query = [(name: "image", value: image)]
        if let node { query.append(("node", node)) }
        let outcome: PullRequestOutcome = try await server.get("/api/v1/pull", query: query, method: "POST")
        let place = node.map { "node \($0)" } ?? "all nodes"
        let state = outcome.missing == 0 ? "is present" : "is missing on \(outcome.missing) node(s)"
        print("\(outcome.name) (\(outcome.reference)) is due on \(place); it \(state).")
    }
}
