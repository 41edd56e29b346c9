import ArgumentParser
import Cluster
import Formatting
import Planning
import Reporting

/// `coordinator image NAME`: where an image is, where it isn't and why.
struct ImageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "Show where an image is, which digests nodes have, how long pulls take and why they fail.",
        discussion: """
            Of an image that isn't on the list any more, what nodes and history still know. Without a name, the list: \
            `coordinator images` is `coordinator coverage --by image`.

            Exit status: 0 when it's present on every target node, and with the list; 1 when it isn't, or the list has no \
            such entry; 3 when the coordinator gave no answer; 64 for wrong options.
            """,
        aliases: ["images"])

    @Argument(
        help: ArgumentHelp("The entry's name in IMAGES, or its reference; of a former list too.", valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp("From when on attempts count. Default: 30d.", valueName: "time"), transform: QueryText.moment
    )
    var since: String?

    @OptionGroup var watching: WatchOption
    @OptionGroup var nodes: SelectorOption
    @OptionGroup var sets: SetOption
    @OptionGroup var print: PrintOptions
    @OptionGroup var server: ServerOptions

    func validate() throws {
        if name == nil, since != nil { throw ValidationError("--since goes with the name of an image.") }
        if name != nil, nodes.selector != nil {
            throw ValidationError("--selector goes with the list, without a name.")
        }
    }

    func run() async throws {
        guard let name else {
            return try await CoverageQuery(server: server, by: .image, selector: nodes.selector, set: sets.set)
                .list(print, watch: watching.watch)
        }
        let path = "/api/v1/images/" + QueryText.segment(QueryText.bare(name, "image"))
        let query = sets.query + (since.map { [(name: "since", value: $0)] } ?? [])
        if watching.watch {
            return try await WatchLoop<ImageReport>(print: print, time: { _ in Timestamp.wallClock.rfc3339 }) {
                try await server.get(path, query: query)
            } table: {
                $0.text($1, width: $2, all: print.all)
            }.run()
        }
        let report: ImageReport = try await server.get(path, query: query)
        try print.show(report) { report.text($0, width: $1, all: print.all) }
        if report.counts.present < report.counts.cells || !report.isListed { throw ExitCode.failure }
    }
}
