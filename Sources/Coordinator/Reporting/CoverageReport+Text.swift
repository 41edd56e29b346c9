import Formatting
import ImageSets
import Planning
import Shared

extension CoverageReport {
    /// Rows of a table, unless all are asked for: the worst ones.
    private static let shownRows = 20
    private static let shownProblems = 8

    /// The report for people.
    var table: [String] { table(TextStyle(isColoured: false), width: nil, all: true) }

    /// - Parameters:
    ///   - width: the columns of the terminal; nil: lines may be as long as they are.
    ///   - all: every row; else the worst ones where there are many.
    ///   - wide: with the reasons of failures, too.
    package func table(_ style: TextStyle, width: Int?, all: Bool, wide: Bool = false) -> [String] {
        var lines = headline(width: width).map(style.bold)
        for note in pastNotes { lines += wrapped(note, width: width, indent: "  ") }
        if let lastEdit { lines += lastEdit.text(revision: revision, width: width).map(style.yellow) }
        lines.append("")
        guard total.cells > 0 else { return lines + wrapped(nothingToCover, width: width, indent: "  ") }
        let isByImage = grouping == "image"
        let shown = all || rows.count <= Self.shownRows + 5 ? rows : worst(Self.shownRows)
        let hasAge = past == nil && evidence == .runtimes
        var table = TextTable(
            header: [
                // The key of a label is written as it is: `Zone` isn't `zone`.
                grouping.hasPrefix("label:") ? String(grouping.dropFirst(6)) : grouping.uppercased(), "COVERAGE",
                "PRESENT", "HELD", "PULLING", "FAILED", "MISSING", "UNKNOWN",
            ] + (hasAge ? ["REPORT AGE"] : []) + (wide ? ["REASONS"] : []) + (isByImage ? ["REFERENCE"] : []),
            rows: [], rightAligned: Set(1...8), optional: [4, 5, 6, 7])
        if !hasAge { table.rightAligned.remove(8) }
        if isByImage { table.expendable = [table.header.count - 1] }
        for row in shown {
            let counts = row.counts
            let age = row.reportAgeSeconds.map { "\(Int(saturating: $0.rounded()))s" } ?? "none"
            table.rows.append(
                [row.name, Self.percent(counts), "\(counts.present)/\(counts.cells)"]
                    + [counts.held, counts.pulling, counts.failed, counts.missing, counts.unknown].map(String.init)
                    + (hasAge ? [age] : []) + (wide ? [row.reasons] : []) + (isByImage ? [row.reference ?? ""] : []))
        }
        let colours = Dictionary(shown.map { ($0.name, $0.counts) }, uniquingKeysWith: { first, _ in first })
        lines.append(
            table.render(style, width: width) { cells, line in
                guard let counts = colours[cells.first ?? ""] else { return line }
                if counts.present == counts.cells { return line }
                return counts.failed > 0 ? style.red(line) : style.yellow(line)
            })
        if shown.count < rows.count {
            let whole = rows.count { $0.counts.present == $0.counts.cells }
            lines += [
                "... and \(rows.count - shown.count) more (\(whole) of \(rows.count) are covered whole); --all shows them",
                "",
            ]
        }
        if !problems.isEmpty, lines.last != "" { lines.append("") }
        let told = all ? problems[...] : problems.prefix(Self.shownProblems)
        for problem in told {
            for line in problem.split(separator: "\n") { lines += wrapped(String(line), width: width, indent: "    ") }
        }
        if told.count < problems.count {
            lines.append("... and \(problems.count - told.count) more problems; --all shows them")
        }
        return lines
    }

    /// The rows with the least coverage, and of those the ones with failures, first.
    private func worst(_ count: Int) -> [CoverageRow] {
        Array(
            rows.sorted {
                ($0.counts.percent ?? 100, $1.counts.failed, $0.name) < (
                    $1.counts.percent ?? 100, $0.counts.failed, $1.name
                )
            }.prefix(count))
    }

    private var pastNotes: [String] {
        guard let past else { return [] }
        var notes = ["as of \(at)"]
        if let begins = past.begins {
            // Nothing else is to be said of a time of which nothing is kept.
            return notes + ["history begins at \(begins)"]
        }
        if !past.watched { notes.append("no coordinator was watching then, so everything is unknown") }
        if !past.complete { notes.append("this is before what HISTORY_RETENTION_DAYS keeps: it is incomplete") }
        return notes
    }

    /// On two lines where one is too long.
    private func headline(width: Int?) -> [String] {
        if past?.watched == false, total.cells == 0 { return ["coverage -: nothing is known of that moment"] }
        let unknown = total.unknown == 0 ? "" : ", \(total.unknown) unknown"
        let evidence = evidence == .podStatuses ? "by pod statuses (restricted mode)" : "by agents"
        let figures =
            "coverage \(Self.percent(total)): \(total.present) of \(total.cells) present, \(total.held) held"
            + (total.refused > 0 ? ", \(total.refused) refused by kubelets" : "") + unknown
        let chosen = selector.map { " with \($0)" } ?? ""
        let own = set.map { " of the set \($0)" } ?? sets.map { " of \($0) sets" } ?? ""
        // Where sets want different images on different nodes it's no product.
        let sign = sets == nil ? " x" : ","
        let scope =
            "(\(counted(nodes, "node"))\(chosen)\(sign) \(counted(images, "image"))\(own), revision \(revision), \(evidence))"
        let line = "\(figures) \(scope)"
        let left = prefetchesLeftOut.map {
            "without what only \(counted($0, "prefetch", plural: "prefetches")) \($0 == 1 ? "wants" : "want")"
        }
        return (line.count > width ?? .max ? [figures, scope] : [line]) + [left].compactMap(\.self)
    }

    private var nothingToCover: String {
        if past?.watched == false { return "Nothing was known of images and nodes then." }
        if let set, images == 0, past != nil { return "The image set \(set) listed nothing then, or there was none." }
        if images == 0, past != nil { return "The image list was empty then." }
        if let set, set != ImageSet.defaultName {
            return images == 0
                ? "The image set \(set) lists no image."
                : "No node is selected: \(selector.map { "no node with \($0) is one of" } ?? "there is none for") the image "
                    + "set \(set)."
        }
        if images == 0 { return "The image list is empty: set IMAGES in the ConfigMap, as name=reference;..." }
        if let selector { return "No target node has labels that match \(selector)." }
        return "No node is selected: 0 target nodes match NODE_SELECTOR, AFFINITY and TOLERATIONS."
    }

    package static func percent(_ counts: CoverageCounts) -> String {
        guard let percent = counts.percent else { return "-" }
        // Never "100.0 %" unless it's whole.
        let tenths = counts.present == counts.cells ? 1000 : min(999, Int(saturating: percent * 10))
        return "\(tenths / 10).\(tenths % 10) %"
    }

    /// The rows as comma-separated values, with a title line.
    package var csv: [String] {
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
                        row.reasons,
                    ])
            }
    }
}
