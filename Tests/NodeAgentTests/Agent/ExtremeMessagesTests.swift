import Logging
import Shared
import SwiftProtobuf
import Synchronization
import Testing

@testable import NodeAgent

/// Whatever numbers and texts a coordinator and a runtime bring: the agent goes on, and what it reports keeps the wire's bounds.
@Suite("Extreme messages to an agent") struct ExtremeMessagesTests {
    private static let numbers: [UInt64] = [0, 1, 1 << 31, 1 << 63, .max]
    private static let texts = [
        "", " ", "\u{0}\u{1B}[2J\r\n\u{202E}", "a@sha256:0", "[::1]:0/x", "UPPER/x:y:z",
        String(repeating: "x", count: 70_000),
        String(repeating: "\u{301}", count: 600),
    ]

    /// Answers each report with the next one of its replies, and waits when there are no more.
    private final class Answers: CoordinatorChannel {
        private let state = Mutex((replies: [WireReportReply](), reports: [WireReport]()))

        init(_ replies: [WireReportReply]) { state.withLock { $0.replies = replies.reversed() } }

        var reports: [WireReport] { state.withLock { $0.reports } }
        var left: Int { state.withLock { $0.replies.count } }

        func exchange(_ report: WireReport, after: UInt64, wait: Duration) async throws -> WireReportReply {
            let next = state.withLock { state in
                state.reports.append(report)
                return state.replies.popLast()
            }
            guard var reply = next else {
                try await Task.sleep(for: max(wait, .milliseconds(50)))
                var reply = WireReportReply()
                reply.acknowledgedSequence = report.sequence
                return reply
            }
            reply.acknowledgedSequence = report.sequence
            return reply
        }
    }

    /// One number or text at a time in every field of a reply, and all at once.
    private static func replies() -> [WireReportReply] {
        typealias Change = @Sendable (inout WireReportReply, UInt64, String) -> Void
        let changes: [Change] = [
            { reply, number, _ in reply.acknowledgedAttempt = number },
            { reply, _, text in reply.databaseID = text },
            { reply, number, _ in reply.assignment.generation = number },
            { reply, number, _ in reply.assignment.reportIntervalMs = UInt32(clamping: number) },
            { reply, number, _ in reply.assignment.heartbeatIntervalMs = UInt32(clamping: number) },
            { reply, _, text in reply.assignment.containerRuntimeVersion = text },
            { reply, _, text in reply.assignment.images = [.with { $0.name = text }] },
            { reply, _, text in reply.assignment.images = [.with { $0.reference = text }] },
            { reply, _, text in
                reply.assignment.images = [
                    .with {
                        $0.reference = "nginx"; $0.shortName = text
                    }
                ]
            },
            { reply, number, text in
                reply.assignment.pulls = [
                    .with {
                        $0.id = number; $0.reference = text; $0.timeoutSeconds = UInt32(clamping: number)
                    }
                ]
            },
            { reply, number, text in
                reply.assignment.pulls = (0..<3).map { _ in
                    .with {
                        $0.id = number; $0.reference = "nginx"; $0.removeFirst = true; $0.withheldCredentials = [text]
                    }
                }
            },
        ]
        var replies: [WireReportReply] = []
        for (index, number) in numbers.enumerated() {
            for change in changes {
                for text in [texts[index], texts[(index + 3) % texts.count]] {
                    var reply = WireReportReply()
                    // Any that would make it look at the runtime ten times a second comes to its end at once.
                    reply.assignment.generation = UInt64(replies.count + 2)
                    change(&reply, number, text)
                    replies.append(reply)
                }
            }
            var all = WireReportReply()
            for change in changes { change(&all, number, texts[(index + 5) % texts.count]) }
            replies.append(all)
        }
        return replies
    }

    private func run(_ answers: Answers, _ runtime: FakeRuntime, _ body: (Agent) async throws -> Void) async throws {
        var log = Logger(label: "agent")
        log.logLevel = .critical
        let configuration = AgentConfiguration(
            node: "n1", server: "https://nowhere.invalid", tokenFile: "/nowhere", caFile: nil,
            runtimeSockets: ["/nowhere.sock"], pullSecrets: nil)
        let agent = Agent(configuration, source: runtime, coordinator: answers, log: log)
        async let running: Void = agent.run()
        do { try await body(agent) } catch {
            await agent.stop()
            await running
            throw error
        }
        await agent.stop()
        await running
    }

    private func check(_ answers: Answers) throws {
        for report in answers.reports {
            let body: [UInt8] = try report.serializedBytes()
            let taken = try CheckedReport(body: body, isJSON: false)
            #expect(taken.cuts.isEmpty)
        }
    }

    @Test("Every field of a reply", .timeLimit(.minutes(2)))
    func replies() async throws {
        var last = WireReportReply()
        last.assignment.generation = 7
        last.assignment.reportIntervalMs = 100
        last.assignment.images = [.with { $0.reference = "nginx" }]
        last.assignment.pulls = [.of(1_000_000, "nginx")]
        let answers = Answers(Self.replies() + [last])
        try await run(answers, FakeRuntime()) { _ in
            await eventually("all are answered", within: .seconds(90)) { answers.left == 0 }
            await eventually("it obeys as before") {
                answers.reports.contains { $0.attempts.contains { $0.pullID == 1_000_000 && $0.outcome == .succeeded } }
            }
        }
        try check(answers)
    }

    @Test("Every field of what a runtime lists", .timeLimit(.minutes(2)))
    func listings() async throws {
        let runtime = FakeRuntime()
        let texts = Self.texts
        runtime.change { state in
            for (index, text) in texts.enumerated() {
                var image = CRIImage()
                image.id = index == 0 ? "sha256:\(index)" : text
                image.repoTags = texts
                image.repoDigests = texts
                image.size = Self.numbers[index % Self.numbers.count]
                image.pinned = true
                state.images.append(image)
                var container = CRIContainer()
                container.imageRef = text
                container.imageID = text
                container.image.image = text
                state.containers.append(container)
                state.info[image.id] =
                    "{\"imageSpec\":{\"os\":\"\(index == 3 ? text : "linux")\",\"architecture\":\"\\u001b\"}}"
            }
            state.images.append(.fake("nginx"))
            state.info["sha256:id of nginx"] = String(repeating: "{\"imageSpec\":", count: 50_000)
        }
        var first = WireReportReply()
        first.assignment.generation = 1
        first.assignment.reportIntervalMs = 100
        first.assignment.images = (["nginx"] + texts).map { text in .with { $0.reference = text } }
        let answers = Answers([first])
        try await run(answers, runtime) { _ in
            await eventually("what is right is told") {
                answers.reports.contains { report in
                    (report.full.images + report.delta.changed).contains {
                        $0.tags == ["docker.io/library/nginx:latest"]
                    }
                }
            }
        }
        try check(answers)
    }

    @Test("What a failing runtime says", .timeLimit(.minutes(2)))
    func failures() async throws {
        for text in Self.texts {
            let runtime = FakeRuntime()
            runtime.change { $0.failure = GRPCStatus(code: .max, message: text) }
            let answers = Answers([])
            try await run(answers, runtime) { _ in
                await eventually("the failure is told", within: .seconds(60)) {
                    answers.reports.contains { $0.runtime.fault != .none }
                }
            }
            try check(answers)
        }
    }
}
