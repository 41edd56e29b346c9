import Failures
import Testing

@Suite struct MessageTests {
    private func wrong(_ lines: [ReportedMessages.Line]) -> [String] {
        lines.compactMap { line in
            let reason = FailureExplanation(message: line.text).reason.rawValue
            return line.reasons.contains(reason)
                ? nil : "\(line.reasons.joined(separator: "|")), not \(reason): \(line.text)"
        }
    }

    /// Two say something else than what was found to be the cause: nobody could read it there.
    @Test func readsWhatPeopleReported() {
        #expect(ReportedMessages.reported.count == 74)
        let wrong = wrong(ReportedMessages.reported)
        #expect(wrong.count <= 2, "\(wrong.joined(separator: "\n"))")
    }

    @Test func readsTheFormsOfRuntimesAndRegistries() {
        #expect(ReportedMessages.forms.count >= 128)
        #expect(wrong(ReportedMessages.forms) == [])
    }

    @Test func readsWhatWasCollected() {
        #expect(ReportedMessages.collected.count >= 140)
        #expect(wrong(ReportedMessages.collected) == [])
    }

    @Test func readsWhatRealRuntimesAnswered() {
        #expect(ReportedMessages.captured.count >= 37)
        #expect(wrong(ReportedMessages.captured) == [])
    }

    /// What kubelets, logs and tools make of a message changes nothing in what it means.
    @Test func readsAMessageWhoeverHandsItOn() {
        for line in ReportedMessages.all {
            let plain = FailureExplanation(message: line.text)
            // Already in quotation marks of their own, which nobody could tell from those around.
            guard plain.reason != .unknown, !line.text.contains("\\\\") else { continue }
            let once = line.text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            let twice = once.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            let wrapped = [
                "Failed to pull image \"r.example.com/some/image:1\": \(line.text)",
                "  Warning  Failed  2m (x4 over 3m)  kubelet  Failed to pull image \"r.example.com/a/b:1\": \(line.text)",
                "Back-off pulling image \"r.example.com/a/b:1\": ErrImagePull: \(line.text)",
                "FATA[0002] pulling image: \(line.text)", "time=\"2026-01-02T03:04:05Z\" level=fatal msg=\"\(once)\"",
                "E0102 03:04:05.678901  12 log.go:32] \"PullImage from image service failed\" err=\"\(once)\"",
                "\"Error syncing pod, skipping\" err=\"failed to \\\"StartContainer\\\" for \\\"web\\\" with ErrImagePull: "
                    + "\\\"\(twice)\\\"\" pod=\"web/web-0\"",

                "Normal  Pulling  2m  kubelet  Pulling image \"r.example.com/a/b:1\"\n\(line.text)\nError: ErrImagePull",
            ]
            for text in wrapped {
                #expect(FailureExplanation(message: text).reason == plain.reason, "\(text)")
            }
        }
    }

    /// References, digests and paths could hold any word; they must not be read as the cause.
    @Test func ignoresWhatNamesHold() {
        let hostile = [
            "r.example.com/unauthorized/x509:toomanyrequests", "r.example.com/not-found:429",
            "no-space-left.example.com:503/tls/eof:401",
            "r.example.com/a/denied@sha256:" + String(repeating: "4290", count: 16),
            "localhost:429/manifest-unknown/blob_unknown:403", "denied/denied:denied", "unauthorized.example.com/a:500",
        ]
        for line in ReportedMessages.forms where line.text.contains("r.example.com/a:1") {
            let plain = FailureExplanation(message: line.text)
            for reference in hostile {
                let text = line.text.replacing("r.example.com/a:1", with: reference)
                #expect(FailureExplanation(message: text).reason == plain.reason, "\(text)")
            }
        }
    }

    /// A cancellation that we order ends with no message of a runtime.
    @Test func noMessageIsACancellation() {
        for line in ReportedMessages.reported + ReportedMessages.forms {
            #expect(FailureExplanation(message: line.text).reason != .cancelled)
        }
        #expect(FailureExplanation(message: "context canceled").reason == .timeout)
        #expect(FailureExplanation(message: "", grpcCode: 1).reason == .timeout)
    }

    @Test(arguments: [
        (1, FailureReason.timeout), (3, .invalidReference), (4, .timeout), (5, .notFound), (7, .unauthorized),
        (8, .rateLimited), (14, .runtimeUnavailable), (16, .unauthorized), (0, .unknown), (2, .unknown), (-1, .unknown),
        (Int.max, .unknown),
    ])
    func takesTheCodeWhereTheMessageSaysNothing(code: Int, reason: FailureReason) {
        #expect(FailureExplanation(message: "", grpcCode: code).reason == reason)
        #expect(FailureExplanation(message: "something else", grpcCode: code).reason == reason)
    }
}
