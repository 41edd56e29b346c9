import Cluster
import Formatting
import Planning
import Reporting

extension PrefetchList: Answer {
    package var names: [String]? { prefetches.map { "prefetch/\($0.name)" } }

    /// The list for people.
    package func text(_ style: TextStyle, width: Int?) -> [String] {
        guard !prefetches.isEmpty else { return ["there are no prefetches"] }
        let table = TextTable(
            header: ["NAME", "COVERAGE", "IMAGES", "ON", "ENDS"],
            rows: prefetches.map { prefetch in
                [
                    prefetch.name, prefetch.coverage.map { CoverageReport.percent($0.total) } ?? "unknown",
                    "\(prefetch.references.count)", prefetch.place, ClockText.short(prefetch.endsAt),
                ]
            },
            rightAligned: [1, 2])
        return [table.render(style, width: width)]
            + prefetches.compactMap { prefetch in prefetch.problem.map { "\(prefetch.name): \($0)" } }
    }

    /// As rows with a title line.
    package var csv: [String] {
        ["name,percent,cells,present,images,on,created,ends,problem"]
            + prefetches.map { prefetch in
                let total = prefetch.coverage?.total
                return CSV.line([
                    prefetch.name, total?.percent.map { "\($0)" } ?? "", total.map { "\($0.cells)" } ?? "",
                    total.map { "\($0.present)" } ?? "", prefetch.references.joined(separator: " "), prefetch.place,
                    prefetch.createdAt, prefetch.endsAt, prefetch.problem ?? "",
                ])
            }
    }
}

extension PrefetchStatus: Answer {
    package static var hasTable: Bool { false }

    package var csv: [String] { PrefetchList(prefetches: [self]).csv }

    package var names: [String]? { ["prefetch/\(name)"] }

    /// Which nodes are meant, in a few words.
    fileprivate var place: String {
        var parts = nodes
        parts += selector.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let place = parts.isEmpty ? "all nodes" : parts.joined(separator: " ")
        return (nodeCount.map { "\($0) of \(place)" } ?? place) + (hold == true ? ", held" : "")
    }
}
