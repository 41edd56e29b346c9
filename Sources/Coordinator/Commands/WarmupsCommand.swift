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
        try print.show(report) { style, width in
            guard !report.nodes.isEmpty else { return ["no node joined since \(ClockText.local(report.since))"] }
            var lines = [
                style.bold("time to warm: \(report.seconds?.text ?? "no node that joined has every image yet")")
            ]
            if report.cold > 0 { lines.append("\(counted(report.cold, "node")) joined and isn't warm yet") }
            let shown = print.all ? report.nodes[...] : report.nodes.prefix(20)
            guard !shown.isEmpty else { return lines }
            let table = TextTable(
                header: ["JOINED", "TOOK", "NODE"],
                rows: shown.map {
                    [ClockText.local($0.joinedAt), $0.seconds.map(SpanText.seconds) ?? "not yet", $0.name]
                },
                rightAligned: [1])
            lines += ["", table.render(style, width: width)]
            if shown.count < report.nodes.count {
                lines.append("... and \(report.nodes.count - shown.count) more; --all shows them")
            }
            return lines
        }
    }
}
