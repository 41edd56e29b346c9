import ArgumentParser
import Reporting

/// `coordinator attempts`: what was tried, newest first.
struct AttemptsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attempts",
        abstract: "List finished attempts to pull, newest first.",
        discussion: """
            Times are UTC, by the coordinator's clock.

            Exit status: 0 with an answer, even an empty one; 1 when there is no such node or image; 3 without \
            an answer; 64 for wrong options.
            """)

    @Option(help: ArgumentHelp("Only this node.", valueName: "name"))
    var node: String?

    @Option(
        help: ArgumentHelp(
            "Only this image: an entry's name, also of a former list, or a reference.", valueName: "image"))
    var image: String?

    @Flag(help: "Only those that didn't succeed.")
    var failed = false

    @Option(help: "Rows at most; --all shows as many as there are.")
    var limit = 50

    @OptionGroup var sets: SetOption
    @OptionGroup var range: RangeOptions
    @OptionGroup var rows: RowOptions
    @OptionGroup var server: ServerOptions

    private var print: PrintOptions { rows.print }

    func validate() throws {
        try QueryText.checkLimit(limit, most: 10_000)
    }

    func run() async throws {
        var query = sets.query + range.query + [(name: "limit", value: print.all ? "10000" : "\(limit)")]
        query += [
            ("node", node.map { QueryText.bare($0, "node") }), ("image", image.map { QueryText.bare($0, "image") }),
        ].compactMap { name, value in value.map { (name, $0) } }
        if failed { query.append(("failed", "true")) }
        var list: AttemptList = try await server.get("/api/v1/attempts", query: query)
        while print.all, let cursor = list.nextCursor {
            let page: AttemptList = try await server.get("/api/v1/attempts", query: query + [("cursor", cursor)])
            list.items += page.items
            list.nextCursor = page.nextCursor
        }
        try print.show(list) { list.text($0, width: $1, failed: failed, all: print.all, wide: print.isWide) }
        print.remark(more: list.nextCursor, than: list.items.count)
    }
}
