extension WarmupReport {
    private static let shownNodes = 20

    /// The report for people.
    func text(_ style: TextStyle, width: Int?, all: Bool) -> [String] {
        guard !nodes.isEmpty else { return ["no node joined since \(ClockText.local(since))"] }
        var lines = [style.bold("time to warm: \(seconds?.text ?? "no node that joined has every image yet")")]
        if cold > 0 {
            lines.append("\(counted(cold, "node")) joined and \(cold == 1 ? "isn't" : "aren't") warm yet")
        }
        let shown = all ? nodes[...] : nodes.prefix(Self.shownNodes)
        let table = TextTable(
            header: ["JOINED", "TOOK", "NODE"],
            rows: shown.map {
                [ClockText.local($0.joinedAt), $0.seconds.map(SpanText.seconds) ?? "not yet", $0.name]
            },
            rightAligned: [1])
        lines += ["", table.render(style, width: width)]
        if shown.count < nodes.count { lines.append("... and \(nodes.count - shown.count) more; --all shows them") }
        return lines
    }
}
