import ArgumentParser
import Reporting

/// `coordinator image NAME`: where an image is, where it isn't and why.
struct ImageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "Show where an image is, which digests nodes have, how long pulls take and why they fail.",
        discussion: """
            Of an image that isn't on the list any more, what nodes and history still know.

            Exit status: 0 when it's present on every target node; 1 when it isn't, or the list has no such entry; \
            3 when the coordinator gave no answer; 64 for wrong options.
            """)

    @Argument(
        help: ArgumentHelp("The entry's name in IMAGES, or its reference; of a former list too.", valueName: "name"))
    var name: String

    @Option(
        help: ArgumentHelp("From when on attempts count. Default: 30d.", valueName: "time"), transform: QueryText.moment
    )
    var since: String?

    @OptionGroup var print: PrintOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let report: ImageReport = try await server.get(
            "/api/v1/images/" + QueryText.segment(name), query: since.map { [("since", $0)] } ?? [])
        try print.show(report) { report.text($0, width: $1, all: print.all) }
        if report.counts.present < report.counts.cells || !report.isListed { throw ExitCode.failure }
    }
}
