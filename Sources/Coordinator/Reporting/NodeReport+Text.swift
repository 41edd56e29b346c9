import ConfigurationParsing
import Formatting

extension NodeReport {
    /// The report for people: the causes first, then the images that aren't there, then the rest when all are wanted.
    package func text(_ style: TextStyle, width: Int?, all: Bool) -> [String] {
        var lines = [style.bold(headline)]
        if let sets, !sets.isEmpty {
            let chosen = set.map { ", counted of \($0)" } ?? ""
            lines += wrapped(
                "  \(sets.count == 1 ? "image set" : "image sets") \(sets.joined(separator: ", "))\(chosen)",
                width: width,
                indent: "  ")
        }
        if !facts.isEmpty { lines += wrapped(facts, width: width, indent: "  ") }
        for agent in agents ?? [] {
            let set = agent.imageSet.map { " (image set \($0))" } ?? ""
            lines += wrapped(
                "  agent of \(agent.pod)\(set): \(agent.works ? "works" : "stands by")", width: width, indent: "    ")
        }
        if let lastEdit { lines += lastEdit.text(revision: revision, width: width).map(style.yellow) }
        let well = lastEdit?.trouble == nil ? "all is well" : "all images of the revision in force are present"
        if causes.isEmpty { lines.append(isCovered ? style.green(well) : "nothing is known that keeps it") }
        for (number, cause) in causes.enumerated() {
            lines.append("")
            let title = "\(number + 1). \(cause.summary)"
            lines += wrapped(title, width: width, indent: "   ").enumerated().map { index, line in
                index == 0 ? (cause.kind.isTrouble ? style.red(line) : style.yellow(line)) : line
            }
            for evidence in cause.evidence {
                let when = evidence.at.map { " (\(evidence.isMoment ? "at" : "since") \(ClockText.short($0)))" } ?? ""
                lines += wrapped(
                    "   \(evidence.object) \(evidence.field): \(evidence.message.printable)\(when)", width: width,
                    indent: "     "
                )
            }
            lines += wrapped("   next step: \(cause.nextStep)", width: width, indent: "     ")
            if let planned = cause.planned { lines += wrapped("   planned: \(planned)", width: width, indent: "     ") }
        }
        let shown = all ? images : images.filter { $0.state != "held" }
        if !images.isEmpty || historyError != nil { lines.append("") }
        if !shown.isEmpty {
            let table = TextTable(
                header: ["IMAGE", "STATE", "SINCE", "SIZE", "REFERENCE"],
                rows: shown.map { image in
                    [
                        image.name, image.reason.map { "\(image.state): \($0)" } ?? image.state,
                        image.since.map(ClockText.short) ?? "",
                        image.size.map { SpanText.bytes(Int64(clamping: $0)) } ?? "",
                        image.reference,
                    ]
                }, rightAligned: [3])
            lines.append(table.render(style, width: width))
        }
        if shown.count < images.count {
            lines.append("\(counted(images.count - shown.count, "image")) held; --all shows them")
        }
        if let historyError {
            lines += wrapped(
                "since when is unknown: history can't be read (\(historyError))", width: width, indent: "  ")
        }
        return lines
    }

    private var headline: String {
        guard isTarget else { return "\(name): not a target node" + (set.map { " of the image set \($0)" } ?? "") }
        return "\(name): \(counts.present) of \(counts.cells) images present, \(counts.held) held"
            + (counts.unknown > 0 ? ", \(counts.unknown) unknown" : "") + " (revision \(revision))"
    }

    private var facts: String {
        var facts: [String] = []
        if let zone { facts.append("zone \(zone)") }
        if let runtime { facts.append(runtime) }
        if let agentVersion { facts.append("agent \(agentVersion)") }
        if let age = reportAgeSeconds {
            let next = reportIntervalSeconds.map { ", one comes at least every \(SpanText.seconds(Double($0)))" } ?? ""
            facts.append("report \(SpanText.seconds(age.rounded())) old\(next)")
        }
        if let capacity = diskCapacityBytes, let free = diskFreeBytes {
            facts.append(
                "\(SpanText.bytes(Int64(clamping: free))) of \(SpanText.bytes(Int64(clamping: capacity))) free")
        }
        if let joined = past?.joinedAt { facts.append("joined \(ClockText.short(joined))") }
        return facts.joined(separator: ", ")
    }
}
