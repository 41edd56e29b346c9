import FoundationEssentials
import Shared
import Testing

@testable import ConfigurationParsing
@testable import Control
@testable import ControlFixtures
@testable import Reporting
@testable import ServerFixtures

@Suite("Health and questions over HTTP") struct QueryRouteTests {
    @Test("Alive at once, ready with a configuration and a cluster; on both listeners")
    func health() async throws {
        try await LiveCoordinator.run { coordinator in
            for url in [coordinator.agents, coordinator.local] {
                #expect(try await coordinator.get(url + "/healthz").status == 200)
                #expect(try await coordinator.get(url + "/readyz").status == 503)
            }
            try expectProblem(try await coordinator.get(coordinator.local + "/api/v1/coverage"), 503, "not-ready")
            try await coordinator.start()
            for url in [coordinator.agents, coordinator.local] {
                #expect(try await coordinator.get(url + "/readyz").status == 200)
            }
        }
    }

    @Test("Coverage by image, node, zone and label; anything else is told what there is")
    func groupings() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(images: ["web=nginx", "db=redis"], nodes: ["n1", "n2"])
            try await coordinator.stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }
            let expected = [
                "image": ["web", "db"], "node": ["n1", "n2"], "zone": ["(no zone)"],
                "label%3Apool": ["n1-pool", "n2-pool"],
            ]
            for (grouping, names) in expected {
                let response = try await coordinator.get(coordinator.local + "/api/v1/coverage?by=\(grouping)")
                #expect(response.status == 200)
                let report = try JSONDecoder().decode(CoverageReport.self, from: Data(response.body))
                #expect(report.rows.map(\.name) == names)
                #expect(report.total.cells == 4)
                #expect([report.total.present, report.total.missing, report.total.unknown] == [1, 1, 2])
                #expect(report.revision == 3)
            }
            for grouping in ["pod", "label%3A", ""] {
                let response = try await coordinator.get(coordinator.local + "/api/v1/coverage?by=\(grouping)")
                try expectProblem(response, 400, "unknown-grouping")
            }
        }
    }

    @Test("A pull by hand is due at once; what isn't on the list or in the cluster is refused")
    func pull() async throws {
        try await LiveCoordinator.run { coordinator in
            func post(_ query: String) async throws -> Shared.HTTPResponse {
                try await HTTPClient().send(Shared.HTTPRequest("POST", coordinator.local + "/api/v1/pull" + query))
            }
            try expectProblem(try await post("?image=web"), 503, "not-ready")
            try await coordinator.start(images: ["web=nginx"], nodes: ["n1", "n2"])
            try await coordinator.stage.send("n1", 1) { $0.full.images = [] }
            for image in ["web", "nginx", "docker.io/library/nginx:latest"] {
                let response = try await post("?image=\(image)&node=n1")
                #expect(response.status == 200)
                let outcome = try JSONDecoder().decode(PullRequestOutcome.self, from: Data(response.body))
                #expect(outcome == PullRequestOutcome(name: "web", reference: "nginx", missing: 1))
            }
            try expectProblem(try await post(""), 400, "no-image")
            try expectProblem(try await post("?image=redis"), 404, "unknown-image")
            try expectProblem(try await post("?image=web&node=n9"), 404, "unknown-node")
        }
    }

    @Test("The configuration's status tells what was found in it and what the nodes make of it")
    func configuration() async throws {
        try await LiveCoordinator.run { coordinator in
            var status = ConfigurationStatus(configMap: "a/b")
            status.revision = 4
            status.findings = [.init(severity: "error", key: "IMAGES", message: "bad")]
            coordinator.board.post(status)
            coordinator.board.post(fit: [.init(severity: "warning", key: "NODE_SELECTOR", message: "no node")])
            let response = try await coordinator.get(coordinator.local + "/api/v1/configuration")
            let answer = try JSONDecoder().decode(ConfigurationStatus.self, from: Data(response.body))
            #expect(answer.revision == 4)
            #expect(answer.findings.map(\.key) == ["IMAGES", "NODE_SELECTOR"])
        }
    }

    @Test("Unknown paths and methods are problem documents")
    func unknownPaths() async throws {
        try await LiveCoordinator.run { coordinator in
            try expectProblem(try await coordinator.get(coordinator.local + "/api/v2/nothing"), 404, "not-found")
            for path in ["/api/v2/nothing", "/agent/v1/reports"] {
                let nothing = try await coordinator.get(coordinator.agents + path, token: "reader")
                try expectProblem(nothing, 404, "not-found")
            }
            for path in ["nodes", "images/a/b", "nothing"] {
                let response = try await coordinator.get(coordinator.local + "/api/v1/" + path)
                try expectProblem(response, 404, "not-found")
                let text = String(decoding: response.body, as: UTF8.self)
                #expect(text.contains("nodes/{node}, ") && text.contains("coverage, "), "\(text)")
            }
            // Only agents' reports are accepted without a reader's token.
            let unknown = try await coordinator.get(coordinator.agents + "/agent/v1/reports")
            #expect(unknown.status == 401)
        }
    }
}
