import Formatting
import ImageSets
import Planning

/// What a message of a failed pull means, as `coordinator explain` tells it.
package struct Explanation: Codable, Sendable, Hashable {
    /// A ``FailureReason``.
    package var reason: String
    /// The reason in half a sentence.
    package var meaning: String
    /// What was being done: a ``FailureStage``, or `unknown`.
    package var stage: String
    /// Who can be to blame, the likely one first: of `reference`, `registry`, `node`, `credentials`.
    package var blames: [String]
    /// Whether somebody has to change something first.
    package var permanent: Bool
    /// How it's tried again.
    package var retry: String
    /// What to do first.
    package var nextStep: String
    /// What to do, one for each of ``blames``.
    package var nextSteps: [Step]
    /// Who was asked in the registry's place, where the message names it.
    package var mirror: String?
    /// Seconds that the registry asks to be left alone, where the message says so.
    package var retryAfterSeconds: Double?
    /// As it was given, without what isn't printable, and cut.
    package var message: String

    package struct Step: Codable, Sendable, Hashable {
        package var blame: String
        package var step: String
    }

    /// Of the message, in UTF-8: the longest that a runtime has been seen to write.
    static let mostMessageBytes = 16_384

    /// - Parameter policy: how it would be tried again.
    package init(of message: String, policy: RetryPolicy = RetryPolicy()) {
        let known = FailureExplanation(message: message)
        reason = known.reason.rawValue
        meaning = known.reason.meaning
        stage = known.stage?.rawValue ?? "unknown"
        blames = known.blames.map(\.rawValue)
        permanent = known.isPermanent
        retry = Self.retry(known, policy)
        nextStep = known.nextStep
        nextSteps = known.nextSteps.map { Step(blame: $0.blame.rawValue, step: $0.step) }
        mirror = known.mirrorHost
        retryAfterSeconds = known.retryAfter
        self.message = message.cut(toUTF8Bytes: Self.mostMessageBytes).printable
    }

    private static func retry(_ known: FailureExplanation, _ policy: RetryPolicy) -> String {
        let seldom = "about every \(SpanText.seconds(Double(policy.permanentSeconds))) (RETRY_PERMANENT_SECONDS)"
        if known.isPermanent {
            guard known.reason.blamesReference else {
                return "doesn't help before something has changed; tried again \(seldom)"
            }
            let again =
                known.isRefused
                ? "a kubelet tries once, in case it has credentials of its own, and agents again \(seldom)"
                : known.reason == .notFound
                    ? "the two ask in turns, after 5 s at first and each minute in the end"
                    : "it is tried again \(seldom)"
            return
                "doesn't help this node before something has changed; another one tries at once, and where both agree, "
                + again
        }
        let first = Double(policy.initialSeconds) * (known.reason == .rateLimited ? RetryPolicy.requestsOfRefusal : 1)
        let pauses =
            "after up to \(SpanText.seconds(first)), then twice as long each time, up to "
            + "\(SpanText.seconds(Double(policy.maxSeconds))) (RETRY_INITIAL_SECONDS, RETRY_MAX_SECONDS)"
        let asked = known.retryAfter.map { ", but not before the \(SpanText.seconds($0)) that the registry asks for" }
        return "may help: \(atOnce(known))tried again \(pauses)\(asked ?? "")"
    }

    /// What comes before any pause.
    private static func atOnce(_ known: FailureExplanation) -> String {
        switch known.reason {
        case .nodeStorage:
            "the node's image is removed and pulled again once, if no container uses it and it has no other tag; then "
        case .corruptContent: "fetched once more from scratch; then "
        default:
            known.breaksOff ? "up to three times within a second, since what has come is lost soon; then " : ""
        }
    }
}

extension Explanation: Answer {
    package static let csvTitle = CSV.line([
        "reason", "stage", "blames", "permanent", "next_step", "mirror", "retry", "message",
    ])

    package var csv: [String] { [Self.csvTitle, csvLine] }

    package var csvLine: String {
        CSV.line([
            reason, stage, blames.joined(separator: " "), permanent ? "true" : "false", nextStep, mirror ?? "", retry,
            message,
        ])
    }

    /// For people, of one message.
    package func text(_ style: TextStyle, width: Int?) -> [String] {
        var facts = [("meaning", meaning), ("stage", stage)]
        if !blames.isEmpty { facts.append(("to blame", blames.joined(separator: ", or "))) }
        if let mirror { facts.append(("asked", "\(mirror), in the registry's place")) }
        facts.append(("retrying", retry))
        facts +=
            nextSteps.isEmpty
            ? [("next step", nextStep)]
            : nextSteps.map { ($0.blame == blames.first ? "next step" : "", "\($0.blame): \($0.step)") }
        return [style.bold(reason)]
            + facts.flatMap { name, value in
                wrapped(
                    "  \(name)" + String(repeating: " ", count: 11 - name.count) + value, width: width,
                    indent: String(repeating: " ", count: 13))
            }
    }

    /// For people, of several messages.
    package static func table(_ all: [Explanation], _ style: TextStyle, width: Int?) -> [String] {
        guard !all.isEmpty else { return ["no message was given"] }
        let table = TextTable(
            header: ["LINE", "REASON", "STAGE", "BLAMES", "PERMANENT", "NEXT STEP"],
            rows: zip(1..., all).map { line, one in
                [
                    "\(line)", one.reason, one.stage, one.blames.joined(separator: ","), one.permanent ? "yes" : "no",
                    one.nextStep,
                ]
            }, rightAligned: [0])
        return [table.render(style, width: width)]
    }
}
