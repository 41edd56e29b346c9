import ArgumentParser
import Reporting

/// `coordinator warmups`: how long new nodes took.
struct WarmupsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "warmups",
        abstract: "Show how long nodes that joined took until they had every image.",
        discussion: """
            Without --since, of the last 7 days. Nodes that were there when history began didn't join. Images that fail \
            for good aren't waited for; LACKS names them. With --set, nodes that the image set is for, until they had its \
            images. The quantiles are of all nodes that joined, however many are \
            shown.

            Exit status: 0 with an answer, even an empty one; 3 without; 64 for wrong options.
            """)

    @OptionGroup var sets: SetOption
    @OptionGroup var range: RangeOptions
    @OptionGroup var print: PrintOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let report: WarmupReport = try await server.get(
            "/api/v1/warmups", query: sets.query + range.query + [("limit", print.all ? "10000" : "1000")])
        try print.show(report) { report.text($0, width: $1, all: print.all) }
    }
}
