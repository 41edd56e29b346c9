import ArgumentParser
import Formatting
import Reporting

/// `coordinator history`: what changed, newest first.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "List the changes of cells (node, image), newest first.",
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

    @Option(
        help: ArgumentHelp(
            "Only changes to these states: missing, pulling, failed, present, held, none.", valueName: "states"))
    var state: String?

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
            ("state", state),
        ].compactMap { name, value in
            value.map { (name, $0) }
        }
        var list: TransitionList = try await server.get("/api/v1/history", query: query)
        while print.all, let cursor = list.nextCursor {
            let page: TransitionList = try await server.get("/api/v1/history", query: query + [("cursor", cursor)])
            list.items += page.items
            list.nextCursor = page.nextCursor
        }
        try print.show(list) { style, width in
            guard !list.items.isEmpty else { return ["nothing changed"] }
            return [list.table(wide: print.isWide).render(style, width: width)]
                + (list.nextCursor == nil ? [] : ["... and more; --all shows them, --since and --until choose"])
        }
        print.remark(more: list.nextCursor, than: list.items.count)
    }
}
