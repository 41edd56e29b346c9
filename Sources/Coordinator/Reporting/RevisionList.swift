import Cluster
import ConfigurationParsing
import Formatting
import History
import ImageSets
import Planning

/// The edits of the ConfigMap, newest first, each with what it changed: the answer of `GET /api/v1/revisions`.
package struct RevisionList: Codable, Sendable, Hashable, Answer {
    package var items: [Item]

    package struct Item: Codable, Sendable, Hashable {
        /// The revision's number; nil for an edit that was rejected.
        var revision: Int64?
        /// RFC 3339, by the coordinator's clock.
        var at: String
        var isAccepted: Bool
        /// Against the revision before; empty for an edit that was rejected.
        var changes: [ConfigurationChange]
        /// What in it had no effect, or why it was rejected.
        var errors: [String]
    }

    /// - Parameter records: newest first, with one more than are wanted, which the oldest of those is compared with.
    package init(_ records: [RevisionRecord], limit: Int) {
        items = []
        let notes = records.map { RevisionNotes(text: $0.findings) }
        for (index, record) in records.enumerated().prefix(limit) {
            let configuration = notes[index]?.configuration
            let former = notes[(index + 1)...].lazy.compactMap { $0?.configuration }.first
            // Of what is older than was asked for nobody knows what it changed.
            let isComparable = former != nil || records.count <= limit
            items.append(
                Item(
                    revision: record.number, at: Timestamp(milliseconds: record.at).rfc3339,
                    isAccepted: record.number != nil,
                    changes: isComparable
                        ? configuration.map { ConfigurationChange.between(former, $0) } ?? [] : [],
                    errors: (notes[index]?.findings ?? []).filter { $0.severity == .error }.map(\.description)))
        }
    }

    package var csv: [String] {
        [CSV.line(["at", "revision", "key", "entry", "from", "to"])]
            + items.flatMap { item in
                item.changes.map {
                    CSV.line([
                        item.at, item.revision.map(String.init) ?? "", $0.key, $0.entry ?? "", $0.from ?? "",
                        $0.to ?? "",
                    ])
                }
            }
    }

    /// The list for people.
    package func text(_ style: TextStyle, width: Int?) -> [String] {
        guard !items.isEmpty else { return ["no revision is known"] }
        return items.flatMap { item -> [String] in
            let title = item.revision.map { "revision \($0)" } ?? "rejected"
            let head = "\(item.at.isEmpty ? "" : ClockText.short(item.at) + "  ")\(title)"
            let changes =
                item.changes.isEmpty && item.isAccepted ? ["no key and no entry changed"] : item.changes.map(\.text)
            return [item.isAccepted ? style.bold(head) : style.red(head)]
                + (changes + item.errors).flatMap { wrapped("    \($0)", width: width, indent: "      ") }
        }
    }
}
