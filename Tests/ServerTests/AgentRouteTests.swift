import Shared
import SwiftProtobuf
import Testing

@testable import Control
@testable import ControlFixtures
@testable import HTTPListener
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
            #expect(reply.assignment.images.map(\.reference) == ["nginx"])

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
}
