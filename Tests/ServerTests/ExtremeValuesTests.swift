import Cluster
import FoundationEssentials
import Shared
import SwiftProtobuf
import Testing

@testable import Control
@testable import ControlFixtures
@testable import Planning
@testable import Server
@testable import ServerFixtures
@testable import TestBasics

/// Whatever numbers an agent, a pod or a node brings, nothing that is computed of them ends the program.
@Suite("Extreme values") struct ExtremeValuesTests {
    private static let questions = [
        "coverage", "coverage?by=node", "coverage?by=zone&estimate=true", "coverage?by=label:pool", "nodes/n1",
        "nodes/n2", "images/web", "images/db", "cells", "history", "attempts", "attempts?failed=true", "warmups",
        "coverage/series?since=1h&step=60s",
    ]

    /// A report that says something in every field.
    private static func report(
        _ node: String, _ sequence: UInt64, runtime: String, isDelta: Bool, pulls: [WirePull]
    ) throws -> [UInt8] {
        try Stage.report(node, sequence, boot: "b\(sequence)") { report in
            report.runtime.name = runtime
            report.imageFilesystem.capacityBytes = 1 << 40
            report.imageFilesystem.freeBytes = 1 << 39
            // One node has an image that the other one lacks.
            let images: [WireImage] = [.listed(node == "n1" ? "nginx" : "redis")]
            if isDelta {
                report.bootID = "b"
                report.delta.changed = images
                report.delta.removed = ["gone"]
            } else {
                report.full.images = images
            }
            report.attempts = pulls.map { pull in
                WireAttempt.with {
                    $0.id = sequence
                    $0.pullID = pull.id
                    $0.reference = pull.reference
                    $0.outcome = .failed
                    $0.message = "i/o timeout"
                }
            }
            report.running = [
                WireRunningPull.with {
                    $0.pullID = 1
                    $0.reference = "redis"
                }
            ]
        }.serializedBytes()
    }

    @Test("Every field of every message, at its ends, one by one and all at once", arguments: ["containerd", "cri-o"])
    func reports(runtime: String) async throws {
        let fields = try WireFields()
        let numbers = fields.numbers(in: "Report")
        // What it is read from isn't read in vain.
        #expect(numbers.count >= 20 && numbers.contains { "\($0)" == "InventoryDelta.since" })
        // Each of these makes all others say nothing.
        let decisive = ["Report.sequence", "Report.standing_by"]
        let all = Set(numbers.filter { !decisive.contains("\($0)") })
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(images: ["web=nginx", "db=redis"], nodes: ["n1", "n2"])
            let loop = coordinator.stage.loop
            let running = Task { await loop.run() }
            defer { running.cancel() }
            var sequence: UInt64 = 0
            var pulls: [WirePull] = []
            let extremes: [UInt64] = [.max, .max - 1, 1 << 63, 1 << 63 - 1, 1 << 31, 1, 0]
            for number in extremes {
                for set in numbers.map({ Set([$0]) }) + [all] {
                    for (node, isDelta) in [("n1", false), ("n2", false), ("n1", true)] {
                        // What a delta has besides is tried in deltas, and all else in full reports.
                        let isOfDelta = set.contains { $0.message == "InventoryDelta" }
                        if set.count == 1 ? isDelta != isOfDelta : isDelta { continue }
                        sequence += 1
                        let report = try Self.report(
                            node, sequence, runtime: runtime, isDelta: isDelta, pulls: pulls)
                        let body = fields.setting(set, to: .number(number), in: report)
                        // The number is what is sent, and not left out on the way.
                        if number > 1 { #expect(body != report) }
                        let response = try await Self.send(body, from: node, to: coordinator)
                        #expect([200, 400, 413].contains(response.status), "\(set) = \(number): \(response.status)")
                        guard response.status == 200 else { continue }
                        let reply = try WireReportReply(serializedBytes: response.body)
                        if !reply.assignment.pulls.isEmpty { pulls = reply.assignment.pulls }
                    }
                }
                await loop.replan()
                for question in Self.questions {
                    let response = try await coordinator.get("\(coordinator.local)/api/v1/\(question)")
                    #expect([200, 503].contains(response.status), "\(question): \(response.status)")
                }
            }
            #expect(try await coordinator.get("\(coordinator.local)/healthz").status == 200)
        }
    }

    /// On a quick machine these are more than an agent may send in a second: such a report is sent again.
    private static func send(
        _ body: [UInt8], from node: String, to coordinator: LiveCoordinator
    ) async throws -> Shared.HTTPResponse {
        var response = try await coordinator.post(body, token: "agent-\(node)")
        for _ in 0..<100 where response.status == 429 {
            try await Task.sleep(for: .milliseconds(100))
            response = try await coordinator.post(body, token: "agent-\(node)")
        }
        return response
    }

    /// What a text may hold.
    private static let texts: [[UInt8]] =
        [
            "", " ", "\u{0}", "a\u{1B}[2J\r\nb\u{202E}c\u{85}d\u{2028}", "=HYPERLINK(\"http://a.example\")", "\t=1",
            "-",
            "%s%n%00", "../../x", "[::1]:0/a@sha256:0", "é", "\",\"",
        ].map { Array($0.utf8) } + [[0xFF, 0xC0, 0x80], [UInt8](repeating: 0x78, count: 70_000)]
        + [Array(String(repeating: "\u{301}", count: 600).utf8)]

    @Test(
        "Every text of every message, one by one and all at once: nothing of it is a command to whoever reads the answers"
    )
    func texts() async throws {
        let fields = try WireFields()
        let texts = fields.texts(in: "Report")
        #expect(texts.count >= 20 && texts.contains { "\($0)" == "InventoryDelta.removed" })
        // Without these it's nobody's report.
        let decisive = ["Report.node", "Report.boot_id"]
        let all = Set(texts.filter { !decisive.contains("\($0)") })
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(images: ["web=nginx", "db=redis"], nodes: ["n1", "n2"])
            let loop = coordinator.stage.loop
            let running = Task { await loop.run() }
            defer { running.cancel() }
            var sequence: UInt64 = 0
            var pulls: [WirePull] = []
            var taken = 0
            for text in Self.texts {
                for set in texts.map({ Set([$0]) }) + [all] {
                    for (node, isDelta) in [("n1", false), ("n2", false), ("n1", true)] {
                        let isOfDelta = set.contains { $0.message == "InventoryDelta" }
                        if set.count == 1 ? isDelta != isOfDelta : isDelta { continue }
                        sequence += 1
                        let report = try Self.report(
                            node, sequence, runtime: "containerd", isDelta: isDelta, pulls: pulls)
                        let body = fields.setting(set, to: .text(text), in: report)
                        let response = try await Self.send(body, from: node, to: coordinator)
                        #expect([200, 400, 403, 413].contains(response.status), "\(set): \(response.status)")
                        guard response.status == 200 else { continue }
                        taken += 1
                        let reply = try WireReportReply(serializedBytes: response.body)
                        if !reply.assignment.pulls.isEmpty { pulls = reply.assignment.pulls }
                    }
                }
                await loop.replan()
                for question in Self.questions {
                    try await coordinator.expectClean(question, String(decoding: text.prefix(50), as: UTF8.self))
                }
            }
            #expect(taken > 200)
        }
    }

    @Test("Moments and spans of the clock at their ends")
    func moments() {
        for milliseconds in [Int64.min, -1, 0, .max] {
            let moment = Timestamp(milliseconds: milliseconds)
            for seconds in [Double.infinity, -.infinity, .nan, 1e300, -1e300, 0] { _ = moment + seconds }
            for age in [UInt64.max, 0] { #expect(moment.earlier(byMilliseconds: age).milliseconds >= 0) }
            for other in [Int64.min, 0, .max] {
                _ = moment.milliseconds(since: Timestamp(milliseconds: other))
            }
        }
    }
}
