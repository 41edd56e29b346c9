import ConfigurationParsing
import Formatting

extension WarmupReport {
    private static let shownNodes = 20

    /// The report for people.
    package func text(_ style: TextStyle, width: Int?, all: Bool) -> [String] {
        guard !nodes.isEmpty else { return ["no node joined since \(ClockText.short(since))"] }
        var lines = [style.bold("time to warm: \(seconds?.text ?? "no node that joined has every image yet")")]
        if cold > 0 {
            lines.append("\(counted(cold, "node")) joined and \(cold == 1 ? "isn't" : "aren't") warm yet")
        }
        let shown = all ? nodes[...] : nodes.prefix(Self.shownNodes)
        let hasLacks = shown.contains { $0.lacks != nil }
        let table = TextTable(
            header: ["JOINED", "TOOK", "NODE"] + (hasLacks ? ["LACKS"] : []),
            rows: shown.map { node in
                [
                    ClockText.short(node.joinedAt),
                    node.seconds.map(SpanText.seconds) ?? (node.leftAt == nil ? "not yet" : "left"), node.name,
                ] + (hasLacks ? [NodeDiagnosis.list(node.lacks ?? [])] : [])
            },
            rightAligned: [1])
        lines += ["", table.render(style, width: width)]
        if shown.contains(where: { $0.seconds != nil && $0.lacks != nil }) {
            lines += wrapped(
                "images that fail for good aren't waited for: a node is warm without them", width: width, indent: "  ")
        }
        if shown.count < joined { lines.append("... and \(joined - shown.count) more; --all shows them") }
        return lines
    }
}
