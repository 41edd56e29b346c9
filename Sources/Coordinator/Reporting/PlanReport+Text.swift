import ConfigurationParsing
import Formatting
import ImageSets
import Shared

extension PlanReport {
    /// The plan for people.
    package func text(_ style: TextStyle, width: Int?, all: Bool) -> [String] {
        var lines: [String] = []
        if !accepted {
            let title = "the edit would be rejected: the list in force stays, and this is what it still pulls"
            lines += wrapped(title, width: width, indent: "  ").map(style.red)
        }
        for finding in findings where finding.severity != "info" || all {
            lines += wrapped("\(finding.severity): \(finding.message)", width: width, indent: "  ")
        }
        for set in sets ?? [] {
            lines += wrapped(
                "image set \(set.imageSet): \(counted(set.nodes, "node"))"
                    + (set.accepted ? "" : "; the edit would be rejected: what is in force stays"),
                width: width, indent: "  "
            ).map { set.accepted ? $0 : style.red($0) }
            for finding in set.findings where finding.severity != "info" || all {
                lines += wrapped("  \(finding.severity): \(finding.message)", width: width, indent: "    ")
            }
            if !set.released.isEmpty {
                lines += wrapped("  released: \(set.released.joined(separator: ", "))", width: width, indent: "    ")
            }
        }
        let pulls = images.reduce(0) { $0 + $1.pulls }
        lines += wrapped(title(pulls), width: width, indent: "  ").map(style.bold)
        let shown =
            all
            ? images
            : images.filter { $0.pulls > 0 || $0.unknown > 0 || $0.withoutPlatformCount > 0 || $0.error != nil }
        if !shown.isEmpty {
            let table = TextTable(
                header: (sets == nil ? [] : ["SET"]) + [
                    "IMAGE", "PULLS", "PRESENT", "UNKNOWN", "SIZE", "SUM", "KNOWN FROM", "REFERENCE",
                ],
                rows: shown.map { image in
                    let sizes = image.sizes.values.sorted()
                    let size = sizes.first.map { first in
                        sizes.last == first
                            ? SpanText.bytes(first) : "\(SpanText.bytes(first))-\(SpanText.bytes(sizes.last ?? first))"
                    }
                    let set = sets == nil ? [] : [image.imageSet ?? ImageSet.defaultName]
                    return set + [
                        image.name, "\(image.pulls)", "\(image.present)", "\(image.unknown)", size ?? "?",
                        image.pulls > 0 ? image.bytes.map(SpanText.bytes) ?? "?" : "",
                        image.sizeSource ?? "nowhere",
                        image.reference,
                    ]
                }, rightAligned: Set((1...5).map { $0 + (sets == nil ? 0 : 1) }),
                optional: [sets == nil ? 3 : 4])
            lines += ["", table.render(style, width: width), ""]
        }
        for registry in registries {
            let time = Self.time(registry.seconds, isLowerBound: registry.pullsOfUnknownSize > 0)
            let assumed = registry.isSpeedAssumed ? " (assumed, as at other registries)" : ""
            let speed =
                registry.bytesPerSecond.map { " at \(SpanText.bytes(Int64(saturating: $0)))/s each\(assumed)" } ?? ""
            lines += wrapped(
                "registry \(registry.registry): \(counted(registry.pulls, "pull")), "
                    + "\(Self.amount(registry.bytes, unknown: registry.pullsOfUnknownSize)), "
                    + "\(registry.width) at once\(speed)\(time)", width: width, indent: "  ")
        }
        for (error, names) in unresolved {
            let some = all || names.count <= 6 ? names : names.prefix(5) + ["\(names.count - 5) more"]
            lines += wrapped(style.yellow("\(some.joined(separator: ", ")): \(error)"), width: width, indent: "  ")
        }
        for image in images {
            for (reason, count) in image.failing.sorted(by: { $0.key < $1.key }) {
                lines += wrapped(
                    style.yellow("\(image.name): fails now (\(reason)), so \(counted(count, "pull")) may not come"),
                    width: width, indent: "  ")
            }
        }
        for image in images where image.withoutPlatformCount > 0 {
            let names = Trouble.nodes(image.withoutPlatformCount, Array(image.withoutPlatform.prefix(5)))
            lines += wrapped(
                style.red("\(image.name): isn't built for the architecture of \(names)"), width: width, indent: "  ")
        }
        for node in all ? tooSmall[...] : tooSmall.prefix(5) {
            lines += wrapped(
                style.red(
                    "\(node.name): needs \(SpanText.bytes(node.neededBytes)), and has room for \(SpanText.bytes(node.roomBytes)) "
                        + "below the garbage collection's threshold"), width: width, indent: "  ")
        }
        if tooSmall.count > 5, !all {
            lines.append("... and \(tooSmall.count - 5) more nodes where it doesn't fit; --all shows them")
        }
        if !released.isEmpty {
            lines += wrapped("released: \(released.joined(separator: ", "))", width: width, indent: "  ")
        }
        return lines
    }

    private static func amount(_ bytes: Int64?, unknown: Int) -> String {
        guard let bytes, bytes > 0 else { return "of unknown size" }
        return SpanText.bytes(bytes) + (unknown > 0 ? " and \(counted(unknown, "pull")) of unknown size" : "")
    }

    private static func time(_ seconds: Double?, isLowerBound: Bool) -> String {
        seconds.map { ", \(isLowerBound ? "at least" : "about") \(SpanText.seconds($0.rounded(.up)))" } ?? ""
    }

    /// What registries didn't tell, and of which images: a registry that can't be asked is one line.
    private var unresolved: [(error: String, names: [String])] {
        var groups: [(error: String, names: [String])] = []
        for image in images {
            guard let error = image.error else { continue }
            if let index = groups.firstIndex(where: { $0.error == error }) {
                groups[index].names.append(image.name)
            } else {
                groups.append((error, [image.name]))
            }
        }
        return groups
    }

    private func title(_ pulls: Int) -> String {
        guard unknownPulls > 0 else {
            return pulls == 0 ? "nothing would be pulled (\(counted(nodes, "node")))" : headline(pulls)
        }
        // Of nodes that haven't reported nobody knows whether they have the images.
        let known = pulls == 0 ? "" : headline(pulls) + "; "
        let more = counted(unknownPulls, pulls == 0 ? "pull" : "more pull")
        return "\(known)unknown for \(counted(unknownNodes, "node")): up to \(more)"
    }

    private func headline(_ pulls: Int) -> String {
        var text =
            "\(counted(pulls, "pull")) on \(counted(nodes, "node")), \(Self.amount(bytes, unknown: pullsOfUnknownSize))"
        if pullsOfUnknownSize > 0, images.allSatisfy({ $0.error == nil }) { text += " (--resolve asks the registries)" }
        return text + Self.time(seconds, isLowerBound: isLowerBound)
    }
}
