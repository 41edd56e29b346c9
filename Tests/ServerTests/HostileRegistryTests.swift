import Cluster
import FoundationEssentials
import Reporting
import Shared
import SwiftProtobuf
import Testing

@testable import Control
@testable import ControlFixtures
@testable import Planning
@testable import Server
@testable import ServerFixtures
@testable import TestBasics

/// A registry that answers whatever harms: what it says reaches the coordinator as errors of runtimes, in true agents' reports.
@Suite("A hostile registry") struct HostileRegistryTests {
    private static let nodes = (0..<50).map { "n\($0)" }
    private static let good = ["good.example/a:1", "good.example/b:1"]
    /// No node has it at first.
    private static let late = "good.example/late:1"
    /// Each has another name: once it is known to fail, hardly anybody asks it.
    private static let evil = (0..<24).map { "evil\($0).example/e:1" }

    /// What runtimes print of its answers.
    private static func words(_ number: Int) -> String {
        let pulling = "failed to pull and unpack image \"evil0.example/e:1\": "
        let kinds = [
            // It blames others.
            pulling + "pulling from host good.example failed with status code [manifests 1]: 503 Service Unavailable",
            "failed to resolve reference \"good.example/a:1\": good.example/a:1: not found",
            "Get \"https://good.example/v2/\": dial tcp 10.0.0.1:443: connect: connection refused",
            // It asks for pauses, and for none.
            "toomanyrequests: retry-after: 99999999999999999999s", "429 Too Many Requests, Retry-After: -1",
            "toomanyrequests: Retry-After: Fri, 31 Dec 9999 23:59:59 GMT",
            // It accuses the node.
            pulling + "write /var/lib/containerd/x: no space left on device", "context deadline exceeded",
            "rpc error: code = Unavailable desc = connection error: dial unix /run/containerd/containerd.sock",
            "authorization failed: unauthorized: insufficient_scope", "unexpected EOF", "x509: certificate has expired",
            // It writes to whoever reads it.
            "\u{1B}[2J\u{1B}]0;owned\u{7}\r\nimage_puller_up 0\n", "=HYPERLINK(A1)", "\u{202E}\u{2066}dlrow\u{0}",
            String(repeating: "\\\"", count: 5000), String(repeating: "é", count: 100_000),
            "<script>document.title = 1</script>", "data: {}\n\nevent: x\n", "",
        ]
        return kinds[number % kinds.count]
    }

    private struct Node {
        var sequence: UInt64 = 0
        var hasLate = false
        var attempts: [WireAttempt] = []
    }

    /// One report of a node, and what it does then: pulls of the good registry succeed, others fail with its words.
    private static func report(_ name: String, _ node: inout Node, words: inout Int, to coordinator: LiveCoordinator)
        async throws
    {
        node.sequence += 1
        let (state, names) = (node, good + (node.hasLate ? [late] : []))
        let report: [UInt8] = try Stage.report(name, state.sequence) { report in
            report.full.images = names.map { reference in
                .with {
                    $0.id = "sha256:\(reference.utf8.reduce(0) { $0 &* 31 &+ Int($1) })"
                    $0.tags = [reference]
                    $0.size = 1 << 20
                }
            }
            report.attempts = state.attempts
        }.serializedBytes()
        let response = try await coordinator.post(report, token: "agent-\(name)")
        try #require(response.status == 200)
        let reply = try WireReportReply(serializedBytes: response.body)
        node.attempts.removeAll { $0.id <= reply.acknowledgedAttempt }
        for pull in reply.assignment.pulls where !node.attempts.contains(where: { $0.pullID == pull.id }) {
            let isGood = pull.reference == late
            if isGood { node.hasLate = true }
            node.attempts.append(
                .with {
                    $0.id = pull.id
                    $0.pullID = pull.id
                    $0.reference = pull.reference
                    $0.outcome = isGood ? .succeeded : .failed
                    // As an agent cuts it.
                    if !isGood { $0.message = Self.words(words).cleaned(maximumBytes: ReportLimits.message) }
                })
            if !isGood { words += 1 }
        }
    }

    @Test("It harms no image of another registry, no answer and no memory")
    func isolation() async throws {
        try await LiveCoordinator.run { coordinator in
            let images = (Self.good + [Self.late] + Self.evil).enumerated().map { "i\($0.offset)=\($0.element)" }
            try await coordinator.start(images: images, nodes: Self.nodes)
            let loop = coordinator.stage.loop
            let running = Task { await loop.run() }
            defer { running.cancel() }
            var nodes = Dictionary(uniqueKeysWithValues: Self.nodes.map { ($0, Node()) })
            var (words, wrong) = (0, 0)
            var times: [Duration] = []
            var memory = 0
            for round in 0..<100 {
                for (number, name) in Self.nodes.enumerated() {
                    try await Self.report(name, &nodes[name, default: Node()], words: &words, to: coordinator)
                    guard number % 10 == 0 else { continue }
                    for question in ["coverage?by=image", "nodes/\(name)", "attempts?limit=100", "cells", "images/i5"] {
                        let start = ContinuousClock.now
                        let response = try await coordinator.get("\(coordinator.local)/api/v1/\(question)")
                        times.append(start.duration(to: .now))
                        // Of attempts there's nothing without a database.
                        #expect([200, 503].contains(response.status), "\(question): \(response.status)")
                        let text = String(decoding: response.body, as: UTF8.self)
                        #expect(!text.contains("\\u00") && !text.contains("\u{202E}") && !text.contains("\r"))
                    }
                }
                // What a true node has isn't doubted, whatever a registry says of others.
                let coverage = try await Self.coverage(coordinator)
                wrong += Self.good.indices.count { coverage["i\($0)"]?.present != Self.nodes.count }
                if round == 0 { memory = try Self.memory() }
                if nodes.values.allSatisfy(\.hasLate), words >= Self.evil.count { break }
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(wrong == 0)
            #expect(words >= Self.evil.count, "the registry hardly had a word")
            // The last one has yet to say that it has it.
            for name in Self.nodes {
                try await Self.report(name, &nodes[name, default: Node()], words: &words, to: coordinator)
            }
            let haveAllCome = nodes.values.allSatisfy(\.hasLate)
            #expect(haveAllCome, "the other registry's image came to all")
            let coverage = try await Self.coverage(coordinator)
            #expect(coverage["i2"]?.present == Self.nodes.count)
            for number in 3..<3 + Self.evil.count { #expect(coverage["i\(number)"]?.present == 0) }
            let p99 = times.sorted()[times.count * 99 / 100]
            #expect(p99 < .seconds(10), "questions: p99 \(p99)")
            #expect(try Self.memory() - memory < 64 << 20)
            #expect(try await coordinator.get("\(coordinator.local)/healthz").status == 200)
        }
    }

    private static func coverage(_ coordinator: LiveCoordinator) async throws -> [String: CoverageCounts] {
        let response = try await coordinator.get("\(coordinator.local)/api/v1/coverage?by=image")
        let report = try JSONDecoder().decode(CoverageReport.self, from: Data(response.body))
        return Dictionary(report.rows.map { ($0.name, $0.counts) }, uniquingKeysWith: { first, _ in first })
    }

    /// Resident, in bytes.
    private static func memory() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return try #require(fields.dropFirst().first.flatMap { Int($0) }) * 4096
    }
}
