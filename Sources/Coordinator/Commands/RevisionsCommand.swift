import ArgumentParser
import Reporting

/// `coordinator revisions`: which edits there were, and what each changed.
struct RevisionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revisions",
        abstract: "List the edits of an image set's ConfigMap, newest first, with what each changed.",
        discussion: """
            Exit status: 0 with an answer, even an empty one; 3 without; 64 for wrong options.
            """)

    @Option(help: "Edits at most, from 1 to 1000.")
    var limit = 20

    @Option(
        help: ArgumentHelp("The image set whose ConfigMap is meant. Default: default.", valueName: "name"),
        transform: QueryText.set)
    var set: String?

    @OptionGroup var rows: RowOptions
    @OptionGroup var server: ServerOptions

    private var print: PrintOptions { rows.print }

    func validate() throws {
        try QueryText.checkLimit(limit, most: 1000)
    }

    func run() async throws {
        let list: RevisionList = try await server.get(
            "/api/v1/revisions", query: [("limit", print.all ? "1000" : "\(limit)")] + (set.map { [("set", $0)] } ?? [])
        )
        try print.show(list) { list.text($0, width: $1) }
    }
}
