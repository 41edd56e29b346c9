import ConfigurationParsing
import Formatting
import History
import Planning

/// One page of transitions: the answer of `GET /api/v1/history`.
package struct TransitionList: Codable, Sendable, Hashable, Answer {
    package var items: [Item]
    /// Where the next page begins; nil on the last one.
    package var nextCursor: String?

    /// One change of a cell.
    package struct Item: Codable, Sendable, Hashable {
        var id: Int64
        /// RFC 3339, by the coordinator's clock.
        var at: String
        var node: String
        var image: String
        var from: String
        var to: String
        /// Why, when it became failed.
        var reason: String?
        /// Which image it is, when it became present.
        var digest: String?

        package init(_ stored: StoredTransition) {
            id = stored.id
            at = Timestamp(milliseconds: stored.at).rfc3339
            node = stored.node
            image = stored.image
            from = stored.from.word
            to = stored.to.word
            reason = FailureReason(stored.reason)?.rawValue
            digest = stored.digest
        }
    }

    package init(_ page: HistoryPage<StoredTransition>) {
        items = page.items.map(Item.init)
        nextCursor = page.next?.description
    }

    package var csv: [String] {
        [CSV.line(["at", "node", "image", "from", "to", "reason", "digest"])]
            + items.map { CSV.line([$0.at, $0.node, $0.image, $0.from, $0.to, $0.reason ?? "", $0.digest ?? ""]) }
    }

    package var table: TextTable {
        TextTable(
            header: ["AT", "NODE", "FROM", "TO", "REASON", "IMAGE"],
            rows: items.map { [ClockText.local($0.at), $0.node, $0.from, $0.to, $0.reason ?? "", $0.image] })
    }
}

/// One page of attempts: the answer of `GET /api/v1/attempts`.
package struct AttemptList: Codable, Sendable, Hashable, Answer {
    package var items: [Item]
    /// What attempts are known from now: `podStatuses` (restricted mode) tell of failed ones alone.
    var evidence: CoverageReport.Evidence
    /// Where the next page begins; nil on the last one.
    package var nextCursor: String?

    /// One finished attempt.
    package struct Item: Codable, Sendable, Hashable {
        /// RFC 3339, by the coordinator's clock.
        var startedAt: String
        var endedAt: String
        var seconds: Double
        var node: String
        var image: String
        /// succeeded, failed, cancelled or timedOut.
        var outcome: String
        var reason: String?
        var message: String?
        /// Size of the pulled image as the runtime counts; nil when the node had it before, or it isn't known.
        var bytes: Int64?

        init(_ stored: StoredAttempt) {
            let attempt = stored.attempt
            startedAt = Timestamp(milliseconds: attempt.startedAt).rfc3339
            endedAt = Timestamp(milliseconds: attempt.endedAt).rfc3339
            seconds = Double(attempt.endedAt - attempt.startedAt) / 1000
            node = attempt.node
            image = attempt.image
            outcome = attempt.outcome.word
            reason = FailureReason(attempt.reason)?.rawValue
            message = attempt.message.isEmpty ? nil : attempt.message
            bytes = attempt.bytes > 0 ? attempt.bytes : nil
        }

        /// The outcome for people.
        fileprivate var word: String {
            outcome == RecordedOutcome.succeeded.word && bytes == nil ? "unchanged" : outcome
        }
    }

    package init(_ page: HistoryPage<StoredAttempt>, evidence: CoverageReport.Evidence) {
        self.evidence = evidence
        items = page.items.map(Item.init)
        nextCursor = page.next?.description
    }

    package var csv: [String] {
        [
            CSV.line(["ended_at", "started_at", "seconds", "node", "image", "outcome", "reason", "bytes", "message"])
        ]
            + items.map {
                CSV.line([
                    $0.endedAt, $0.startedAt, "\($0.seconds)", $0.node, $0.image, $0.outcome, $0.reason ?? "",
                    $0.bytes.map(String.init) ?? "", $0.message ?? "",
                ])
            }
    }

    var table: TextTable {
        TextTable(
            header: ["ENDED", "NODE", "TOOK", "SIZE", "OUTCOME", "IMAGE"],
            rows: items.map { item in
                [
                    ClockText.local(item.endedAt), item.node,
                    // Of a pull that began when it ended nobody knows when it began: restricted mode.
                    item.startedAt == item.endedAt ? "" : SpanText.seconds(item.seconds),
                    item.bytes.map(SpanText.bytes) ?? "", item.reason ?? item.word, item.image,
                ]
            }, rightAligned: [2, 3])
    }

    /// The list for people.
    ///
    /// - Parameters:
    ///   - failed: whether only failures were asked for.
    ///   - all: every message; else the first ones.
    package func text(_ style: TextStyle, width: Int?, failed: Bool, all: Bool) -> [String] {
        var lines = items.isEmpty ? [failed ? "no attempt failed" : "no attempt is known"] : []
        if !items.isEmpty { lines.append(table.render(style, width: width)) }
        for message in messages.prefix(all ? .max : Self.shownMessages) {
            for line in message.split(separator: "\n") { lines += wrapped(String(line), width: width, indent: "    ") }
        }
        if !all, messages.count > Self.shownMessages {
            lines.append("... and \(messages.count - Self.shownMessages) more messages; --all shows them")
        }
        if nextCursor != nil { lines.append("... and more; --all shows them, --since and --until choose") }
        if evidence == .podStatuses, !failed {
            let note = "restricted mode: pod statuses tell of pulls that failed, and not of those that succeeded; "
            lines += wrapped(note + "`coordinator history` has when images came", width: width, indent: "  ")
        }
        return lines
    }

    private static let shownMessages = 5

    /// The messages of the failures, each once with how many attempts gave it.
    var messages: [String] {
        var counts: [(text: String, count: Int)] = []
        for message in items.compactMap(\.message) {
            if let index = counts.firstIndex(where: { $0.text == message }) {
                counts[index].count += 1
            } else {
                counts.append((message, 1))
            }
        }
        return counts.map { "\(counted($0.count, "attempt")):" + Trouble.indented($0.text) }
    }
}

extension RecordedState {
    /// The word of reports and of the API.
    package var word: String { self == .none ? "none" : CellState(self).word }
}

extension RecordedOutcome {
    var word: String {
        switch self {
        case .unspecified: "unspecified"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .cancelled: "cancelled"
        case .timedOut: "timedOut"
        }
    }
}

/// Times for people: `11-23 20:15:07`, in UTC as everywhere in the product.
package enum ClockText {
    package static func local(_ rfc3339: String) -> String {
        let parts = rfc3339.prefix(19).split(separator: "T")
        guard parts.count == 2 else { return rfc3339 }
        return "\(parts[0].dropFirst(5)) \(parts[1])"
    }
}
