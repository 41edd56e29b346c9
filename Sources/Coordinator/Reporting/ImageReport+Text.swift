import Cluster
import ConfigurationParsing
import Formatting
import History
import Planning
import Shared

extension ImageReport {
    /// The report for people.
    package func text(_ style: TextStyle, width: Int?, all: Bool) -> [String] {
        var lines = [
            style.bold(isListed ? coverage : unlisted), "reference \(reference)",
        ]
        if let sets {
            let chosen = set.map { ", counted of \($0)" } ?? ""
            lines += wrapped(
                "of the image \(sets.count == 1 ? "set" : "sets") \(sets.joined(separator: ", "))\(chosen)",
                width: width,
                indent: "  ")
        }
        let isRestricted = evidence == .podStatuses
        if isRestricted {
            lines.append("pulled by the nodes' kubelets (restricted mode)")
        } else if pulledBy == Puller.kubelet.rawValue {
            lines.append("pulled by the nodes' kubelets, with credentials that agents don't have")
        }
        lines.append("")
        for state in ["held", "present", "pulling", "failed", "missing", "unknown"] {
            guard let names = nodes[state] else { continue }
            let shown = all ? names : Array(names.prefix(8))
            let more = shown.count < names.count ? ", ... (--all shows them)" : ""
            let head = state.padded(8) + "\(names.count)".padded(6)
            // What stands in front is aligned by spaces, which wrapping would take for one.
            let room = width.map { max(20, $0 - head.count) }
            let parts = wrapped(shown.joined(separator: ", ") + more, width: room, indent: "")
            lines += parts.enumerated().map { index, part in
                let line = (index == 0 ? head : String(repeating: " ", count: head.count)) + part
                return state == "failed" ? style.red(line) : line
            }
        }
        for deviation in hanging?.deviations ?? [] { lines += wrapped("  \(deviation)", width: width, indent: "    ") }
        for failure in failures {
            lines.append("")
            for line in failure.text.split(separator: "\n") {
                lines += wrapped(String(line), width: width, indent: "    ")
            }
            if let step = nextStep(failure) {
                lines += wrapped("    next step: \(step)", width: width, indent: "    ")
            }
        }
        for group in notHeld {
            lines.append("")
            for line in group.text.split(separator: "\n") {
                lines += wrapped(String(line), width: width, indent: "    ")
            }
        }
        if !digests.isEmpty {
            lines.append("")
            lines.append(
                hasDrift ? style.yellow("drift: the tag has moved, and nodes have different images") : "digests:")
            for digest in digests {
                let platforms =
                    digest.architectures.isEmpty ? "" : ", \(digest.architectures.joined(separator: " and "))"
                let line = "  \(digest.digest)"
                let places =
                    "\(counted(digest.nodes, "node")) (\(digest.nodes > 1 ? "one is " : "")\(digest.example)), "
                    + SpanText.bytes(Int64(clamping: digest.size)) + (digest.sizeOf.map { " " + $0 } ?? "") + platforms
                // A digest fills a line of a terminal nearly.
                lines +=
                    line.count + 2 + places.count <= width ?? .max
                    ? ["\(line)  \(places)"]
                    : [line] + wrapped("    \(places)", width: width, indent: "    ")
            }
        }
        if let readOtherwise {
            lines.append(style.yellow("drift of meaning:"))
            lines += wrapped(
                "  the runtime of \(Trouble.nodes(readOtherwise.count, Array(readOtherwise.prefix(5)))) reads \(reference) "
                    + "otherwise, by an alias or search list of its own, or not at all: pods that use this short name there "
                    + "don't get what is cached; write whole names, in the list and in pods", width: width, indent: "  "
            )
        }
        lines.append("")
        let noTimes =
            historyError.map { "unknown: history can't be read (\($0))" }
            ?? (isRestricted ? Self.noTimes : "none was measured")
        lines += wrapped("pull time: \(pullSeconds?.text ?? noTimes)", width: width, indent: "  ")
        for failure in failedAttempts {
            lines += wrapped(
                "\(counted(failure.attempts, "attempt")) failed on \(counted(failure.nodes, "node")), \(failure.reason), "
                    + "the last \(ClockText.short(failure.last))", width: width, indent: "  ")
            // Of what fails now the newest message stands above.
            if !failures.contains(where: { $0.reason == failure.reason }) {
                lines += wrapped("    \(failure.example)", width: width, indent: "    ")
            }
        }
        lines += wrapped(seen, width: width, indent: "  ")
        return lines
    }

    private func nextStep(_ failure: FailureGroup) -> String? {
        guard let reason = FailureReason(rawValue: failure.reason), let reference = try? ImageReference(reference)
        else { return nil }
        // The nodes are to blame where each of them fails alone.
        let alone = failure.deviations?.count ?? 0
        return NodeDiagnosis.step(
            reason, reference, isNodes: alone > 0 && alone == min(failure.cells, FailureGroup.maximumNodes))
    }

    private var coverage: String {
        "\(name): coverage \(CoverageReport.percent(counts)), present on \(counts.present) of "
            + "\(counted(counts.cells, "node")), held on \(counts.held)"
    }

    private var unlisted: String {
        let count = digests.reduce(0) { $0 + $1.nodes }
        let rest =
            switch count {
            case 0: "no node has it any more"
            case 1: "1 node still has it"
            default: "\(count) nodes still have it"
            }
        return "\(name): not on the list" + (evidence == .runtimes ? ", \(rest)" : "")
    }

    /// When nodes had it.
    private var seen: String {
        let change = lastChange.map { ", last change \(ClockText.short($0))" } ?? ""
        guard historyError == nil else { return "first seen: unknown, last seen: \(isSeen ? "now" : "unknown")" }
        let last = isSeen ? "now" : lastSeen.map(ClockText.short) ?? "never"
        return (firstSeen.map { "first seen \(ClockText.short($0)), " } ?? "") + "last seen \(last)\(change)"
    }

    private static let noTimes = "unknown, since pod statuses don't say when a pull began"
}

extension String {
    func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}
