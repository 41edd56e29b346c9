import Cluster
import ConfigurationParsing
import Formatting
import KubernetesClient
import Reporting
import Shared

/// What became of a `KubernetesImagePuller` object, as its status says it. The same facts give the same status: nothing in it
/// counts time or attempts.
struct PullerStatus: Sendable {
    /// What is known of an object.
    struct Facts: Sendable {
        var object: KubernetesImagePuller
        /// What became of its configuration; nil: it makes no set.
        var configuration: ConfigurationStatus?
        /// `metadata.generation` of what was judged last.
        var judged: Int?
        /// Why it has no effect, with one word for it.
        var obstacle: (reason: String, finding: Finding)?
        var progress: SetProgress?
    }

    private struct Condition {
        var type: String
        var isTrue: Bool
        var reason: String
        var message: String
    }

    /// The most images of which a status tells.
    static let mostImages = 100
    /// Failures that a message tells of.
    private static let mostFailures = 5

    private let facts: Facts
    /// Messages that images' failures had before, by name and reason: the words of a runtime can be others each time.
    private let words: [[String]: String]

    init(_ facts: Facts) {
        self.facts = facts
        let images = facts.object.status?["images"]?.arrayValue ?? []
        words = images.reduce(into: [:]) { words, image in
            guard let name = image["name"]?.stringValue, let reason = image["reason"]?.stringValue else { return }
            words[[name, reason]] = image["message"]?.stringValue
        }
    }

    /// - Parameters:
    ///   - fields: of status that can be written; nil: any.
    ///   - former: what was written before, whose times stay where nothing else changes.
    /// - Returns: nil: there's nothing to say yet.
    func document(fields: Set<String>?, former: JSONValue?, now: Timestamp) -> JSONValue? {
        guard var status = facts.obstacle == nil ? ofSet() : [:] else { return nil }
        let generation = facts.obstacle == nil ? facts.judged : facts.object.metadata.generation
        let conditions = facts.obstacle.map(Self.conditions) ?? conditions()
        status["conditions"] = .array(conditions.map { Self.value(of: $0, generation, former: former, now: now) })
        status["observedGeneration"] = generation.map { .integer(Int64($0)) }
        if let finding = facts.obstacle?.finding { status["message"] = .string(finding.description) }
        guard let fields else { return status }
        return .object((status.objectValue ?? [:]).filter { fields.contains($0.key) })
    }

    // MARK: Numbers

    private func ofSet() -> JSONValue? {
        guard facts.configuration != nil, facts.judged != nil else { return nil }
        guard let progress = facts.progress else { return isRejected ? ["message": .string(rejection)] : nil }
        let total = progress.whole.total
        var status: JSONValue = [
            "wanted": .integer(Int64(total.cells)), "present": .integer(Int64(total.present)),
            "failed": .integer(Int64(total.failed)), "coverage": .string(CoverageReport.percent(total)),
            "images": .array(images(progress.whole.rows)), "message": .string(summary(progress)),
        ]
        status["imagePullerImage"] = progress.agentImage.map { .string($0) }
        return status
    }

    private func images(_ rows: [CoverageRow]) -> [JSONValue] {
        var rows = rows
        if rows.count > Self.mostImages {
            // The worst are what somebody looks for.
            rows.sort { ($0.counts.failed, $1.counts.present) > ($1.counts.failed, $0.counts.present) }
            rows = Array(rows.prefix(Self.mostImages))
        }
        return rows.map { row in
            var image: JSONValue = [
                "name": .string(row.name), "image": .string(row.reference ?? row.name),
                "present": .integer(Int64(row.counts.present)), "failed": .integer(Int64(row.counts.failed)),
                "wanted": .integer(Int64(row.counts.cells)),
            ]
            if let failure = row.failures.first {
                image["reason"] = .string(failure.reason)
                image["message"] = .string(message(of: failure, row))
            }
            return image
        }
    }

    private func message(of failure: FailureGroup, _ row: CoverageRow) -> String {
        words[[row.name, failure.reason]] ?? failure.message.cleaned(maximumBytes: 500)
    }

    private func summary(_ progress: SetProgress) -> String {
        let total = progress.whole.total
        let images = counted(progress.whole.images, "image")
        guard total.cells > 0 else {
            return progress.whole.images == 0 ? "no image is listed" : "\(images), and no node is selected"
        }
        var text =
            "\(total.present) of \(total.cells) present (\(CoverageReport.percent(total))): \(images) on "
            + counted(progress.whole.nodes, "node")
        for (count, word) in [(total.pulling, "pulling"), (total.failed, "failed"), (total.unknown, "unknown")]
        where count > 0 {
            text += ", \(count) \(word)"
        }
        return text
    }

    // MARK: Conditions

    private var isRejected: Bool { facts.configuration?.isAccepted == false }

    private var errors: [String] {
        (facts.configuration?.findings ?? []).filter { $0.severity == Finding.Severity.error.rawValue }.map(\.message)
    }

    private var rejection: String { Self.abridged(errors, separator: " ") }

    private static func conditions(_ obstacle: (reason: String, finding: Finding)) -> [Condition] {
        let message = obstacle.finding.description
        return [("Ready", false), ("Progressing", false), ("Degraded", true)].map {
            Condition(type: $0.0, isTrue: $0.1, reason: obstacle.reason, message: message)
        }
    }

    private func conditions() -> [Condition] {
        let summary = facts.progress.map(summary) ?? "nothing is in force"
        let isSettled = facts.progress?.isSettled ?? true
        let (isReady, reason) = readiness
        let ready =
            isRejected
            ? Condition(
                type: "Ready", isTrue: false, reason: "ConfigurationRejected",
                message: "the object as it is written isn't in force. Of what is: \(summary)")
            : Condition(type: "Ready", isTrue: isReady, reason: reason, message: summary)
        // Where there's nothing to pull, nothing goes on.
        let isIdle = facts.progress?.whole.total.cells == 0
        let progressing = Condition(
            type: "Progressing", isTrue: !isSettled && !isIdle,
            reason: isIdle ? reason : isSettled ? "Settled" : "Pulling", message: summary)
        return [ready, progressing, degraded]
    }

    private var readiness: (isReady: Bool, reason: String) {
        guard let progress = facts.progress else { return (false, "NotInForce") }
        let total = progress.whole.total
        if progress.whole.images == 0 { return (true, "NoImages") }
        if total.cells == 0 { return (false, "NoNodes") }
        if total.present == total.cells { return (true, "AllPresent") }
        if progress.ready.total.cells == 0 { return (false, "NodesUnreachable") }
        guard progress.isSettled else { return (false, "Pulling") }
        return total.present > 0 ? (true, "PresentWherePossible") : (false, "ImagesFailed")
    }

    private var degraded: Condition {
        if isRejected {
            return Condition(type: "Degraded", isTrue: true, reason: "ConfigurationRejected", message: rejection)
        }
        let failures = (facts.progress?.whole.rows ?? []).flatMap { row in row.failures.map { (row, $0) } }
        if !failures.isEmpty {
            let reasons = Set(failures.map(\.1.reason))
            let texts = failures.map { row, failure in
                "\(row.name) (\(row.reference ?? row.name)): \(failure.reason) on \(counted(failure.cells, "node")): "
                    + message(of: failure, row)
            }
            return Condition(
                type: "Degraded", isTrue: true,
                reason: reasons.count == 1 ? Self.word(failures[0].1.reason) : "ImagesFailed",
                // What has no effect is told behind them: it may be why something is missing.
                message: ([Self.abridged(texts, separator: "; ")] + (errors.isEmpty ? [] : [rejection])).joined(
                    separator: "; "))
        }
        if !errors.isEmpty {
            return Condition(
                type: "Degraded", isTrue: true, reason: "ConfigurationPartlyIneffective", message: rejection)
        }
        if let progress = facts.progress, progress.isSettled, progress.whole.total.unknown > 0 {
            return Condition(
                type: "Degraded", isTrue: true, reason: "NodesUnreachable",
                message: "\(counted(progress.whole.nodes - progress.ready.nodes, "node")) can't be reached")
        }
        return Condition(type: "Degraded", isTrue: false, reason: "AsExpected", message: "nothing has failed")
    }

    private static func abridged(_ texts: [String], separator: String) -> String {
        let more = texts.count - mostFailures
        return texts.prefix(mostFailures).joined(separator: separator)
            + (more > 0 ? "\(separator)and \(more) more" : "")
    }

    /// In CamelCase, as reasons of conditions are.
    private static func word(_ reason: String) -> String { reason.prefix(1).uppercased() + reason.dropFirst() }

    private static func value(
        of condition: Condition, _ generation: Int?, former: JSONValue?, now: Timestamp
    ) -> JSONValue {
        let status = condition.isTrue ? "True" : "False"
        let last = former?["conditions"]?.arrayValue?.first {
            $0["type"]?.stringValue == condition.type && $0["status"]?.stringValue == status
        }
        var value: JSONValue = [
            "type": .string(condition.type), "status": .string(status), "reason": .string(condition.reason),
            "message": .string(condition.message.cut(toUTF8Bytes: 4096)),
            "lastTransitionTime": last?["lastTransitionTime"] ?? .string(seconds(now)),
        ]
        value["observedGeneration"] = generation.map { .integer(Int64($0)) }
        return value
    }

    /// To the second, as the API server writes times.
    private static func seconds(_ moment: Timestamp) -> String {
        moment.rfc3339.prefix(while: { $0 != "." }) + "Z"
    }
}
