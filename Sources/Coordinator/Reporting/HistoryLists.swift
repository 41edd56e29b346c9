import Cluster
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
        /// The entry's name; nil when no list that is remembered has it.
        var image: String?
        var reference: String
        var from: String
        var to: String
        /// Why, when it became failed.
        var reason: String?
        /// Which image it is, when it became present.
        var digest: String?

        package init(_ stored: StoredTransition, names: EntryNames) {
            id = stored.id
            at = Timestamp(milliseconds: stored.at).rfc3339
            node = stored.node
            image = names[stored.image]
            reference = stored.image
            from = stored.from.word
            to = stored.to.word
            reason = FailureReason(stored.reason)?.rawValue
            digest = stored.digest
        }
    }

    package init(_ page: HistoryPage<StoredTransition>, names: EntryNames) {
        items = page.items.map { Item($0, names: names) }
        nextCursor = page.next?.description
    }

    package var csv: [String] {
        [CSV.line(["at", "node", "image", "reference", "from", "to", "reason", "digest"])]
            + items.map {
                CSV.line([
                    $0.at, $0.node, $0.image ?? "", $0.reference, $0.from, $0.to, $0.reason ?? "", $0.digest ?? "",
                ])
            }
    }

    /// - Parameter wide: with the digests.
    package func table(wide: Bool) -> TextTable {
        TextTable(
            header: ["AT", "NODE", "FROM", "TO", "REASON", "IMAGE", "REFERENCE"] + (wide ? ["DIGEST"] : []),
            rows: items.map {
                [
                    ClockText.short($0.at), $0.node, $0.from, $0.to, $0.reason ?? "", $0.image ?? "", $0.reference,
                ] + (wide ? [$0.digest ?? ""] : [])
            })
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
        /// The entry's name; nil when no list that is remembered has it.
        var image: String?
        var reference: String
        /// succeeded, failed, cancelled or timedOut.
        var outcome: String
        var reason: String?
        var message: String?
        /// Size of the pulled image as the runtime counts; nil when the node had it before, or it isn't known.
        var bytes: Int64?

        init(_ stored: StoredAttempt, names: EntryNames) {
            let attempt = stored.attempt
            startedAt = Timestamp(milliseconds: attempt.startedAt).rfc3339
            endedAt = Timestamp(milliseconds: attempt.endedAt).rfc3339
            seconds = Double(attempt.endedAt - attempt.startedAt) / 1000
            node = attempt.node
            image = names[attempt.image]
            reference = attempt.image
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

    package init(_ page: HistoryPage<StoredAttempt>, evidence: CoverageReport.Evidence, names: EntryNames) {
        self.evidence = evidence
        items = page.items.map { Item($0, names: names) }
        nextCursor = page.next?.description
    }

    package var csv: [String] {
        [
            CSV.line([
                "ended_at", "started_at", "seconds", "node", "image", "reference", "outcome", "reason", "bytes",
                "message",
            ])
        ]
            + items.map {
                CSV.line([
                    $0.endedAt, $0.startedAt, "\($0.seconds)", $0.node, $0.image ?? "", $0.reference, $0.outcome,
                    $0.reason ?? "", $0.bytes.map(String.init) ?? "", $0.message ?? "",
                ])
            }
    }

    /// - Parameter wide: with the messages.
    func table(wide: Bool) -> TextTable {
        TextTable(
            header: ["ENDED", "NODE", "TOOK", "SIZE", "OUTCOME", "IMAGE", "REFERENCE"] + (wide ? ["MESSAGE"] : []),
            rows: items.map { item in
                [
                    ClockText.short(item.endedAt), item.node,
                    // Of a pull that began when it ended nobody knows when it began: restricted mode.
                    item.startedAt == item.endedAt ? "" : SpanText.seconds(item.seconds),
                    item.bytes.map(SpanText.bytes) ?? "", item.reason ?? item.word,
                    item.image ?? "", item.reference,
                ] + (wide ? [(item.message ?? "").printable] : [])
            }, rightAligned: [2, 3])
    }

    /// The list for people.
    ///
    /// - Parameters:
    ///   - failed: whether only failures were asked for.
    ///   - all: every message; else the first ones.
    ///   - wide: each message beside its attempt, too.
    package func text(_ style: TextStyle, width: Int?, failed: Bool, all: Bool, wide: Bool = false) -> [String] {
        var lines = items.isEmpty ? [failed ? "no attempt failed" : "no attempt is known"] : []
        if !items.isEmpty { lines.append(table(wide: wide).render(style, width: width)) }
        for message in messages.prefix(all ? .max : Self.shownMessages) {
            for line in message.split(separator: "\n") { lines += wrapped(String(line), width: width, indent: "    ") }
        }
        if !all, messages.count > Self.shownMessages {
            lines.append("... and \(messages.count - Self.shownMessages) more messages; --all shows them")
        }
        if nextCursor != nil { lines.append("... and more; --all shows them, --since and --until choose") }
        if evidence == .podStatuses, !failed {
            let note = "restricted mode: pod statuses show pulls that failed, and not those that succeeded; "
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

/// Times for people: to the second, with their zone, and as `--at`, `--since` and `--until` take them.
package enum ClockText {
    /// `2026-11-23T20:15:07Z` of a time in RFC 3339; anything else as it is.
    package static func short(_ rfc3339: String) -> String {
        let parts = rfc3339.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, parts[0].count == 19, parts[1].last == "Z" else { return rfc3339 }
        return "\(parts[0])Z"
    }
}
