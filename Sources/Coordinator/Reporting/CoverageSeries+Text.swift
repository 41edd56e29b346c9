import Formatting

extension CoverageSeries: Answer {
    /// The moments go on though nothing happens.
    package var timeless: CoverageSeries {
        var copy = self
        for index in copy.points.indices { copy.points[index].at = "" }
        return copy
    }

    /// Says that the points are further apart than was asked for; nil when they aren't.
    ///
    /// - Parameter seconds: the step that was asked for.
    package func widening(of seconds: Double) -> String? {
        guard stepSeconds > seconds else { return nil }
        return "the step is \(SpanText.seconds(stepSeconds)) instead of \(SpanText.seconds(seconds)): a series has "
            + "\(Self.maximumPoints) points at most, by node of many nodes fewer"
    }

    /// A line for each slice at each point.
    package var csv: [String] {
        let titles = [
            "at", grouping, "reference", "cells", "present", "held", "pulling", "failed", "missing", "unknown",
            "percent",
        ]
        return [CSV.line(titles)]
            + points.flatMap { point in
                point.rows.map { row in
                    let counts = row.counts
                    let numbers = [
                        counts.cells, counts.present, counts.held, counts.pulling, counts.failed, counts.missing,
                        counts.unknown,
                    ]
                    return CSV.line(
                        [point.at, row.name, row.reference ?? ""] + numbers.map(String.init)
                            + [counts.percent.map { "\(($0 * 100).rounded(.down) / 100)" } ?? ""])
                }
            }
    }

    /// How many slices there's room for; one at least.
    private static func fitting(_ names: [String], width: Int) -> Int {
        // The columns before them, and the widest value: "100.0 %".
        var used = 42
        let count = names.prefix { name in
            used += 2 + Swift.max(7, name.count)
            return used <= width
        }.count
        return Swift.max(1, count)
    }

    /// A line for each point: all cells, then as many slices as there's room for, the worst ones.
    package func table(_ style: TextStyle, width: Int?, all: Bool) -> [String] {
        var slices: [String: (worst: Double, order: Int)] = [:]
        for point in points {
            for row in point.rows {
                let percent = row.counts.percent ?? 100
                let known = slices[row.name] ?? (percent, slices.count)
                slices[row.name] = (Swift.min(known.worst, percent), known.order)
            }
        }
        let worst = slices.sorted { ($0.value.worst, $0.value.order) < ($1.value.worst, $1.value.order) }
        let shown = worst.prefix(all ? .max : Self.fitting(worst.map(\.key), width: width ?? 100))
            .sorted { $0.value.order < $1.value.order }.map(\.key)
        var table = TextTable(
            header: ["AT", "ALL", "UNKNOWN", "NODES"] + (grouping == "all" ? [] : shown), rows: [],
            rightAligned: Set(1..<(4 + shown.count)))
        for point in points {
            let rows = Dictionary(point.rows.map { ($0.name, $0.counts) }, uniquingKeysWith: { first, _ in first })
            table.rows.append(
                [
                    ClockText.short(point.at), CoverageReport.percent(point.total), "\(point.total.unknown)",
                    "\(point.nodes)",
                ]
                    + (grouping == "all" ? [] : shown.map { rows[$0].map(CoverageReport.percent) ?? "-" }))
        }
        var lines = [table.render(style, width: width)]
        if shown.count < slices.count, grouping != "all" {
            lines.append("... and \(slices.count - shown.count) more slices; --all shows them")
        }
        if points.contains(where: { !$0.watched }) {
            lines.append("at some of these moments no coordinator was watching: everything is unknown then")
        }
        return lines
    }
}
