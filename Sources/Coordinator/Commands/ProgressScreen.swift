import ConfigurationParsing
import Formatting
import Reporting
@preconcurrency import Glibc

/// Live progress on standard error: bars that are drawn over on a terminal, a line now and then elsewhere.
struct ProgressScreen {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var drawnLines = 0
    private var lastLine = ""
    private var lastPrinted: ContinuousClock.Instant?

    /// Shows a report.
    ///
    /// - Parameter note: what is in the way beside the coverage.
    mutating func show(_ report: CoverageReport, note: String? = nil) {
        guard isTerminal else { return printSparsely(Self.summary(report) + (note.map { "; \($0)" } ?? "")) }
        let width = report.rows.map(\.name.count).max() ?? 0
        var lines = wrapped(Self.summary(report), width: Terminal.errorWidth, indent: "  ")
        if let note { lines += wrapped(note, width: Terminal.errorWidth, indent: "  ") }
        // A screen is a screen: what isn't covered comes first.
        let rows =
            report.rows.filter { $0.counts.present < $0.counts.cells }
            + report.rows.filter {
                $0.counts.present == $0.counts.cells
            }
        for row in report.rows.count > Self.shownRows ? rows.prefix(Self.shownRows) : report.rows[...] {
            let name = row.name + String(repeating: " ", count: width - row.name.count)
            lines.append("  \(name)  \(Self.bar(row.counts))  \(Self.states(row.counts))")
        }
        if report.rows.count > Self.shownRows { lines.append("  ... and \(report.rows.count - Self.shownRows) more") }
        draw(lines)
    }

    /// More than a small terminal has can't be drawn over.
    private static let shownRows = 15

    /// Shows something else, such as why there's no report.
    mutating func note(_ text: String) {
        if isTerminal { draw(wrapped(text, width: Terminal.errorWidth, indent: "  ")) } else { printSparsely(text) }
    }

    /// Takes the bars away, so that what follows stands in their place.
    mutating func clear() {
        if isTerminal { draw([]) }
    }

    private mutating func draw(_ lines: [String]) {
        var text = ""
        if drawnLines > 0 { text += "\u{1B}[\(drawnLines)A" }
        text += "\u{1B}[J"
        // A line that the terminal breaks would be counted once, and drawn over by half.
        for line in lines { text += line.prefix(Terminal.errorWidth) + "\n" }
        drawnLines = lines.count
        StandardError.write(text)
    }

    /// In a log, only what changed, and not more than once in a few seconds.
    private mutating func printSparsely(_ line: String) {
        guard line != lastLine else { return }
        if let lastPrinted, lastPrinted.duration(to: .now) < .seconds(3) { return }
        lastLine = line
        lastPrinted = .now
        StandardError.write(line + "\n")
    }

    static func summary(_ report: CoverageReport) -> String {
        let left = report.nodesLeft > 0 ? ", \(counted(report.nodesLeft, "node")) left" : ""
        let time = report.secondsLeft.map { $0 > 0 ? ", about \(SpanText.seconds($0.rounded(.up))) left" : "" } ?? ""
        return "coverage \(CoverageReport.percent(report.total)) (\(counted(report.nodes, "node")) x "
            + "\(counted(report.images, "image"))): "
            + states(report.total) + left + time
    }

    private static func states(_ counts: CoverageCounts) -> String {
        let others = [
            ("pulling", counts.pulling), ("failed", counts.failed), ("missing", counts.missing),
            ("unknown", counts.unknown),
        ]
        return (["\(counts.present)/\(counts.cells) present"] + others.filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" })
            .joined(separator: ", ")
    }

    /// `#` present, `>` being pulled, `!` failed, `.` the rest.
    private static func bar(_ counts: CoverageCounts, width: Int = 30) -> String {
        guard counts.cells > 0 else { return "[" + String(repeating: " ", count: width) + "]" }
        let parts = [("#", counts.present), (">", counts.pulling), ("!", counts.failed)]
        var bar = ""
        var seen = 0
        for (symbol, count) in parts {
            seen += count
            let end = seen * width / counts.cells
            bar += String(repeating: symbol, count: max(0, end - bar.count))
        }
        return "[" + bar + String(repeating: ".", count: width - bar.count) + "]"
    }
}
