import Cluster
import Shared
import SwiftProtobuf
import Testing

@testable import Control
@testable import ControlFixtures
@testable import HTTPListener
@testable import History
@testable import Planning
@testable import Server
@testable import ServerFixtures
@testable import TestBasics

@Suite("The agents' route over HTTP") struct AgentRouteTests {
    @Test("A report in protobuf is answered in protobuf, one in JSON in JSON")
    func formats() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            let report = Stage.report("n1", 1) { $0.full.images = [.listed("nginx")] }
            var response = try await coordinator.post(try report.serializedBytes())
            #expect(response.status == 200)
            #expect(response.headers["Content-Type"] == "application/x-protobuf")
            var reply = try WireReportReply(serializedBytes: response.body)
            #expect(reply.acknowledgedSequence == 1)
            #expect(reply.assignment.images.map(\.reference) == ["docker.io/library/nginx:latest"])

            let text = #"{"node": "n1", "bootId": "b1", "sequence": "2", "runtime": {"listed": true}}"#
            response = try await coordinator.post(Array(text.utf8), type: "application/json; charset=utf-8")
            #expect(response.status == 200)
            #expect(response.headers["Content-Type"] == "application/json")
            reply = try WireReportReply(jsonUTF8Bytes: response.body)
            #expect(reply.acknowledgedSequence == 2)
        }
    }

    @Test("Nobody gets in without a token, whatever he sends; nobody at all before there is a configuration")
    func authentication() async throws {
        try await LiveCoordinator.run { coordinator in
            let report = try Stage.report("n1", 1).serializedBytes() as [UInt8]
            try expectProblem(try await coordinator.post(report), 503, "not-ready")
            try await coordinator.start()
            for token in [nil, "", "wrong", "reader"] {
                let response = try await coordinator.post(report, token: token)
                try expectProblem(response, 401, "unauthorized")
                #expect(response.headers["WWW-Authenticate"] == "Bearer")
            }
            // The body isn't looked at.
            try expectProblem(try await coordinator.post([0xFF], token: "wrong"), 401, "unauthorized")
            #expect(try await coordinator.post(report).status == 200)
        }
    }

    @Test("Agents that come before the cluster is listed are answered when it is; one without a good token isn't kept")
    func early() async throws {
        try await LiveCoordinator.run(patience: .seconds(60)) { coordinator in
            let reports = (1...3).map { number in
                Task {
                    let report = Stage.report("n\(number)", 1) { $0.full.images = [.listed("nginx")] }
                    return try await coordinator.post(try report.serializedBytes(), token: "agent-n\(number)")
                }
            }
            while coordinator.stage.loop.reports.early < 3 { try await Task.sleep(for: .milliseconds(20)) }
            // The connection learns of it a moment after the loop.
            #expect(await soon { coordinator.limiter.counts.strangers == 0 }, "who waits is known")
            let stranger = try await coordinator.post([], token: "wrong")
            try expectProblem(stranger, 401, "unauthorized")
            try await coordinator.start(nodes: ["n1", "n2", "n3"])
            for report in reports {
                let response = try await report.value
                #expect(response.status == 200)
                #expect(try WireReportReply(serializedBytes: response.body).acknowledgedSequence == 1)
            }
            #expect(coordinator.stage.loop.reports.early == 0)
        }
    }

    @Test("What can't be read, is incomplete, too large, of a stranger or too early is told so")
    func refusals() async throws {
        try await LiveCoordinator.run { coordinator in
            let report = try Stage.report("n1", 1).serializedBytes() as [UInt8]
            try expectProblem(try await coordinator.post(report), 503, "not-ready")
            try await coordinator.start()
            try expectProblem(try await coordinator.post([0xFF, 0xFF]), 400, "report-unreadable")
            try expectProblem(
                try await coordinator.post(Array("{".utf8), type: "application/json"), 400, "report-unreadable")
            try expectProblem(try await coordinator.post([]), 400, "report-incomplete")
            let stranger = try Stage.report("n9", 1).serializedBytes() as [UInt8]
            try expectProblem(try await coordinator.post(stranger, token: "agent-n9"), 409, "unknown-node")
            let large = [UInt8](repeating: 0, count: AgentRoutes.maximumReportBytes + 1)
            try expectProblem(try await coordinator.post(large), 413, "body-too-large")
        }
    }

    @Test("A poll waits, a wait that is no number doesn't", arguments: ["abc", "-5", "nan", "inf"])
    func waits(wait: String) async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            let full = Stage.report("n1", 1) { $0.full.images = [.listed("nginx")] }
            let reply = try WireReportReply(
                serializedBytes: try await coordinator.post(try full.serializedBytes()).body)
            let after = reply.assignment.generation
            var start = ContinuousClock.now
            _ = try await coordinator.post(
                try Stage.report("n1", 2).serializedBytes(), query: "after=\(after)&wait=\(wait)")
            #expect(start.duration(to: .now) < .seconds(20))
            start = .now
            _ = try await coordinator.post(
                try Stage.report("n1", 3).serializedBytes(), query: "after=\(after)&wait=0.5")
            #expect(start.duration(to: .now) >= .milliseconds(500))
        }
    }

    @Test("Bodies of one agent that drip hold up nobody: the newest takes the place of the others")
    func slowBodies() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(nodes: ["n1", "n2"])
            let raw = RawClient(server: coordinator.agents, bundle: coordinator.bundle)
            let head =
                "POST /agent/v1/reports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer agent-n1\r\n"
                + "Content-Length: 2000000\r\n\r\nabc"
            func report(_ node: String, _ sequence: UInt64) throws -> [UInt8] {
                try Stage.report(node, sequence) { report in
                    report.full.images = (0..<200).map { .listed("image-\($0)") }
                }.serializedBytes()
            }
            try await withThrowingTaskGroup(of: RawClient.Outcome.self) { group in
                for _ in 0..<40 { group.addTask { try await raw.send(head, within: 25) } }
                var closed = 0
                while closed < 39, let outcome = try await group.next() { closed += outcome.isClosed ? 1 : 0 }
                #expect(closed == 39)
                for (sequence, node) in [(1, "n1"), (1, "n2"), (2, "n2")] as [(UInt64, String)] {
                    let response = try await coordinator.post(try report(node, sequence), token: "agent-\(node)")
                    #expect(response.status == 200)
                }
                group.cancelAll()
            }
        }
    }

    @Test("What holds too much is told so, with the reason, and what is known of the node stands")
    func tooMuch() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            let good = Stage.report("n1", 1) { $0.full.images = [.listed("nginx")] }
            #expect(try await coordinator.post(try good.serializedBytes()).status == 200)
            let many = Stage.report("n1", 2) { report in
                report.full.images = (0...ReportLimits.images).map { .listed("image-\($0)") }
            }
            try expectProblem(try await coordinator.post(try many.serializedBytes()), 413, "report-too-large")
            let fleet = await coordinator.stage.loop.fleet
            #expect(fleet.state(node: "n1", column: 0, now: coordinator.stage.loop.clock.now) == .present)
        }
    }

    @Test("Large reports are paid for: one agent can't send them as fast as small ones")
    func paidFor() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(nodes: ["n1", "n2"])
            let body = Array("{".utf8) + [UInt8](repeating: 0x20, count: 1_900_000)
            var statuses: [Int] = []
            for _ in 0..<6 { statuses.append(try await coordinator.post(body, type: "application/json").status) }
            #expect(statuses.contains(400) && statuses.contains(429))
            let other = try Stage.report("n2", 1).serializedBytes() as [UInt8]
            #expect(try await coordinator.post(other, token: "agent-n2").status == 200)
        }
    }
}
