extension CoverageReport {
    /// The report for a terminal.
    var table: [String] {
        var lines = [headline, ""]
        guard total.cells > 0 else { return lines + [nothingToCover] }
        let isByImage = grouping == "image"
        var table = TextTable(
            header: [
                grouping.uppercased(), "COVERAGE", "PRESENT", "HELD", "PULLING", "FAILED", "MISSING", "UNKNOWN",
                "REPORT AGE",
            ] + (isByImage ? ["REFERENCE"] : []),
            rows: [], rightAligned: Set(1...8))
        for row in rows {
            let counts = row.counts
            let age = row.reportAgeSeconds.map { "\(Int($0.rounded()))s" } ?? "none"
            table.rows.append(
                [row.name, Self.percent(counts), "\(counts.present)/\(counts.cells)"]
                    + [counts.held, counts.pulling, counts.failed, counts.missing, counts.unknown].map(String.init)
                    + [age] + (isByImage ? [row.reference ?? ""] : []))
        }
        lines.append(table.render(TextStyle(isColoured: false)) { $1 })
        return lines + problems
    }

    private var headline: String {
        let unknown = total.unknown == 0 ? "" : ", \(total.unknown) unknown"
        let evidence = evidence == .podStatuses ? "by pod statuses (restricted mode)" : "by agents"
        return "coverage \(Self.percent(total)): \(total.present) of \(total.cells) present, \(total.held) held"
            + "\(unknown) (\(nodes) nodes x \(images) images, revision \(revision), \(evidence))"
    }

    private var nothingToCover: String {
        if images == 0 { return "The image list is empty: set IMAGES in the ConfigMap, as name=reference;..." }
        return "No node is selected: 0 target nodes match NODE_SELECTOR, AFFINITY and TOLERATIONS."
    }

    static func percent(_ counts: CoverageCounts) -> String {
        guard let percent = counts.percent else { return "-" }
        // Never "100.0 %" unless it's whole.
        let tenths = counts.present == counts.cells ? 1000 : min(999, Int(percent * 10))
        return "\(tenths / 10).\(tenths % 10) %"
    }

    /// The rows as comma-separated values, with a title line.
    var csv: [String] {
        let titles = [
            grouping, "reference", "cells", "present", "held", "pulling", "failed", "missing", "unknown", "percent",
            "report_age_seconds", "reasons",
        ]
        return [CSV.line(titles)]
            + rows.map { row in
                let counts = row.counts
                let numbers = [
                    counts.cells, counts.present, counts.held, counts.pulling, counts.failed, counts.missing,
                    counts.unknown,
                ]
                return CSV.line(
                    [row.name, row.reference ?? ""] + numbers.map(String.init) + [
                        // Rounded down: never 100 unless it's whole.
                        counts.percent.map { "\(($0 * 100).rounded(.down) / 100)" } ?? "",
                        row.reportAgeSeconds.map { "\($0)" } ?? "",
                        row.failures.map { "\($0.reason):\($0.cells)" }.joined(separator: " "),
                    ])
            }
    }
}
