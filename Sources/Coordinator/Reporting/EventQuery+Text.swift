import Formatting
import FoundationEssentials
import History
import Planning

extension EventQuery.Item {
    /// As the stream of server-sent events has it.
    package var text: String {
        get throws { "event: \(name)\nid: \(position)\ndata: \(try data)\n\n" }
    }

    private var data: String {
        get throws {
            switch content {
            case .reset: "{}"
            case .revision(let number, let at):
                try Self.json(
                    RevisionEvent(
                        revision: number, accepted: number != nil, at: Timestamp(milliseconds: at).rfc3339))
            case .transition(let transition): try Self.json(TransitionList.Item(transition))
            }
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
