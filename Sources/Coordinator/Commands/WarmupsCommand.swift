import ArgumentParser

/// `coordinator warmups`: how long new nodes took.
struct WarmupsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "warmups",
        abstract: "Show how long nodes that joined took until they had every image.",
        discussion: """
            Without --since, of the last 7 days. Nodes that were there when history began didn't join.

            Exit status: 0 with an answer, even an empty one; 3 without; 64 for wrong options.
            """)

    @OptionGroup var range: RangeOptions
    @OptionGroup var print: PrintOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let report: WarmupReport = try await server.get("/api/v1/warmups", query: range.query)
        try print.show(report) { report.text($0, width: $1, all: print.all) }
    }
}
