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
    /// Sets each numeric field of a report, and of all messages in it.
    private static let numbers: [@Sendable (inout WireReport, UInt64) -> Void] = [
        { $0.imageFilesystem.capacityBytes = $1 },
        { $0.imageFilesystem.freeBytes = $1 },
        { $0.inventoryAgeMs = $1 },
        { $0.acknowledged = $1 },
        { report, number in for index in report.full.images.indices { report.full.images[index].size = number } },
        { report, number in for index in report.running.indices { report.running[index].ageMs = number } },
        { report, number in for index in report.attempts.indices { report.attempts[index].id = max(1, number) } },
        { report, number in for index in report.attempts.indices { report.attempts[index].startedAgeMs = number } },
        { report, number in for index in report.attempts.indices { report.attempts[index].endedAgeMs = number } },
        { report, number in for index in report.attempts.indices { report.attempts[index].bytes = number } },
        { report, number in
            for index in report.attempts.indices {
                report.attempts[index].grpcCode = UInt32(clamping: number)
                report.attempts[index].outcome = WireOutcome(rawValue: Int(Int32(clamping: number))) ?? .failed
            }
        },
    ]

    private static let questions = [
        "coverage", "coverage?by=node", "coverage?by=zone&estimate=true", "coverage?by=label:pool", "nodes/n1",
        "nodes/n2", "images/web", "images/db", "cells", "history", "attempts", "attempts?failed=true", "warmups",
        "coverage/series?since=1h&step=60s",
    ]

    @Test("Every field of every message, at its ends, one by one and all at once", arguments: [false, true])
    func reports(isCRIO: Bool) async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(images: ["web=nginx", "db=redis"], nodes: ["n1", "n2"])
            let loop = coordinator.stage.loop
            let running = Task { await loop.run() }
            defer { running.cancel() }
            var sequence: UInt64 = 0
            var pulls: [WirePull] = []
            let extremes: [UInt64] = [.max, .max - 1, 1 << 63, 1 << 63 - 1, 1, 0]
            for number in extremes {
                for fields in Self.numbers.map({ [$0] }) + [Self.numbers] {
                    for node in ["n1", "n2"] {
                        sequence += 1
                        var report = Stage.report(node, sequence) { report in
                            report.runtime.name = isCRIO ? "cri-o" : "containerd"
                            report.imageFilesystem.capacityBytes = 1 << 40
                            report.imageFilesystem.freeBytes = 1 << 39
                            // One node has an image that the other one lacks.
                            report.full.images = [.listed(node == "n1" ? "nginx" : "redis")]
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
                        }
                        for field in fields { field(&report, number) }
                        let response = try await coordinator.post(
                            try report.serializedBytes(), token: "agent-\(node)")
                        #expect([200, 413].contains(response.status))
                        guard response.status == 200 else { continue }
                        pulls = try WireReportReply(serializedBytes: response.body).assignment.pulls
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
