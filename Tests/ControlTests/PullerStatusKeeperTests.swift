import Foundation
import Shared
import Testing

@testable import ConfigurationParsing
@testable import Control
@testable import ControlFixtures
@testable import History
@testable import KubernetesClient
@testable import TestBasics

@Suite("Writes of objects' status", .timeLimit(.minutes(3))) struct PullerStatusKeeperTests {
    private struct Requests: Decodable {
        var counts: [String: Int]
    }

    /// How many applies to a status the API server got.
    private static func writes(_ cluster: SimulatedCluster) async throws -> Int {
        let server = try await cluster.client.access.connection().server
        let response = try await HTTPClient().send(HTTPRequest("GET", "\(server)/simulator/v1/requests"))
        let requests = try JSONDecoder().decode(Requests.self, from: Data(response.body))
        return requests.counts["patch kubernetesimagepullers/status"] ?? 0
    }

    @Test("What the schema doesn't declare is sent once: its 500 isn't retried, and conditions are written")
    func refused() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.define(isOurs: false)
            try await cluster.create("one", ["images": "a=redis"])
            let facts = { @Sendable () async -> [PullerStatus.Facts] in
                guard let object = try? await cluster.puller("one") else { return [] }
                var facts = PullerStatus.Facts(object: object)
                facts.obstacle = (
                    "OtherOperatorActs", GoOperatorCheck.finding(["deployment/x"], namespace: "k8s-image-puller")
                )
                return [facts]
            }
            // Nobody knows what the definition declares, so that everything is tried.
            let keeper = PullerStatusKeeper(
                client: cluster.client, clock: CoordinatorClock(), logger: .quiet, facts: facts, fields: { nil })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await keeper.run() }
                group.addTask {
                    while !Task.isCancelled {
                        keeper.lookAgain()
                        try? await Task.sleep(for: .milliseconds(200))
                    }
                }
                defer { group.cancelAll() }
                #expect(try await soon { try await Self.writes(cluster) == 1 })
                #expect(try await cluster.puller("one").status == nil, "the first one is refused")
                #expect(try await soon { try await cluster.condition("Degraded", of: "one")?["status"] == "True" })
                // Longer than what an object's writes are apart.
                try await Task.sleep(for: PullerStatusKeeper.pace * 2.5)
                #expect(try await Self.writes(cluster) == 2)
                let status = try await cluster.puller("one").status
                #expect(status?.objectValue?.keys.sorted() == ["conditions"])
            }
        }
    }
}
