import Planning

extension ImageReport {
    /// The report for people.
    func text(_ style: TextStyle, width: Int?, all: Bool) -> [String] {
        var lines = [
            style.bold(
                "\(name): coverage \(CoverageReport.percent(counts)), present on \(counts.present) of "
                    + "\(counted(counts.cells, "node")), held on \(counts.held)"), "reference \(reference)",
        ]
        if pulledBy == Puller.kubelet.rawValue {
            lines.append("pulled by the nodes' kubelets, with credentials that agents don't have")
        }
        lines.append("")
        for state in ["held", "present", "pulling", "failed", "missing", "unknown"] {
            guard let names = nodes[state] else { continue }
            let shown = all ? names : Array(names.prefix(8))
            let more = shown.count < names.count ? ", ... (--all shows them)" : ""
            let line = "\(state.padded(8))\("\(names.count)".padded(6))\(shown.joined(separator: ", "))\(more)"
            lines += wrapped(state == "failed" ? style.red(line) : line, width: width, indent: "              ")
        }
        if !digests.isEmpty {
            lines.append("")
            lines.append(
                hasDrift ? style.yellow("drift: the tag has moved, and nodes have different images") : "digests:")
            for digest in digests {
                let platforms =
                    digest.architectures.isEmpty ? "" : ", \(digest.architectures.joined(separator: " and "))"
                lines += wrapped(
                    "  \(digest.digest)  \(counted(digest.nodes, "node")) (\(digest.example)), "
                        + "\(SpanText.bytes(Int64(clamping: digest.size)))\(platforms)", width: width, indent: "    ")
            }
        }
        lines.append("")
        lines += wrapped(
            "pull time: \(pullSeconds?.text ?? "none was measured")", width: width, indent: "  ")
        for failure in failedAttempts {
            lines += wrapped(
                "\(counted(failure.attempts, "attempt")) failed on \(counted(failure.nodes, "node")), \(failure.reason), "
                    + "the last \(ClockText.local(failure.last))", width: width, indent: "  ")
            lines += wrapped("    \(failure.example)", width: width, indent: "    ")
        }
        if let firstSeen {
            lines.append(
                "first seen \(ClockText.local(firstSeen)), last change \(lastChange.map(ClockText.local) ?? "?")")
        }
        return lines
    }
}

extension String {
    func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}
