import Cluster
import Formatting
import FoundationEssentials
import History
import Planning

extension EventQuery.Item {
    /// As the stream of server-sent events has it.
    package func text(names: EntryNames) throws -> String {
        "event: \(name)\nid: \(position)\ndata: \(try data(names))\n\n"
    }

    /// The references that it speaks of.
    package var references: [String] {
        if case .transition(let transition) = content { [transition.image] } else { [] }
    }

    private func data(_ names: EntryNames) throws -> String {
        switch content {
        case .reset: "{}"
        case .revision(let number, let at):
            try Self.json(
                RevisionEvent(revision: number, accepted: number != nil, at: Timestamp(milliseconds: at).rfc3339))
        case .transition(let transition): try Self.json(TransitionList.Item(transition, names: names))
        }
    }

    private static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private struct RevisionEvent: Encodable {
        package var revision: Int64?
        var accepted: Bool
        var at: String
    }
}
