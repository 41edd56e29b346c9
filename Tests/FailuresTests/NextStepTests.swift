import Failures
import Foundation
import Testing

@Suite struct NextStepTests {
    @Test func everyReasonHasAStepForEachWhoCanBeToBlame() {
        for reason in FailureReason.allCases {
            let own = NextSteps.rows.filter { $0.reason == reason }
            #expect(!own.isEmpty, "\(reason)")
            #expect(Set(own.map(\.blame)).count == own.count, "\(reason)")
            #expect(reason == .cancelled ? reason.blames.isEmpty : !reason.blames.isEmpty, "\(reason)")
            for row in own { #expect(NextSteps.step(reason, row.blame) == row.step) }
            // What isn't possible gets what is likely.
            for blame in Blame.allCases { #expect(own.contains { $0.step == NextSteps.step(reason, blame) }) }
        }
    }

    @Test func whatIsPermanentCanBeChangedBySomebody() {
        for reason in FailureReason.allCases where reason.isPermanent {
            #expect(!reason.blames.isEmpty)
        }
    }

    @Test func namesAreFilledInOnce() {
        let step = NextSteps.step(.registryUnavailable, registry: "r.example.com:5000", reference: "x")
        #expect(step.contains("curl -v https://r.example.com:5000/v2/"))
        let odd = NextSteps.step(.unknown, .node, registry: "REFERENCE", reference: "REGISTRY/a:REFERENCE")
        #expect(odd.contains("crictl pull REGISTRY/a:REFERENCE,"))
    }

    /// docs/failures.md has the table as it is in the code.
    @Test func theDocumentAgrees() throws {
        let document = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/failures.md")
        let text = try String(contentsOf: document, encoding: .utf8)
        let found = text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
        let expected = FailureReason.allCases.flatMap { reason in
            NextSteps.rows.filter { $0.reason == reason }.enumerated().map { index, row in
                let first = index == 0
                let name = first ? "`\(reason.rawValue)`" : "`\(reason.rawValue)`, or"
                let meaning = first ? reason.meaning + (reason.isPermanent ? " (permanent)" : "") : ""
                return "| \(name) | \(meaning) | \(row.blame?.rawValue ?? "nobody") | \(row.step) |"
            }
        }
        #expect(found == expected, "the table should be:\n\(expected.joined(separator: "\n"))")
    }
}
