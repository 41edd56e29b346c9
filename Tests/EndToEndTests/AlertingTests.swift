import Foundation
import RealRuntime
import Shared
import Testing

@testable import Access
@testable import KubernetesClient
@testable import Reporting

/// What reaches a real Alertmanager, from the coordinator itself and by a real Prometheus with the rules as shipped.
extension EndToEndTests {
    private static let hasMonitoring =
        ProcessInfo.processInfo.environment["CI"] == "true"
        || ["prometheus", "prometheus-alertmanager"].allSatisfy {
            FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)")
        }

    private struct ActiveAlert: Decodable {
        var labels: [String: String]
        var annotations: [String: String]
        var startsAt: String
        var generatorURL: String
    }

    /// The rules with seconds for minutes: nobody waits for half an hour in a test.
    private static func hastyRules() throws -> String {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("deploy/prometheus/rules.yaml")
        return try String(contentsOf: file, encoding: .utf8)
            .replacing(/(for|keep_firing_for): (\d+)m/) { "\($0.output.1): \($0.output.2)s" }
            .replacing("for: 2h", with: "for: 10s")
            // A restart takes seconds here, too, so these keep a limit above that.
            .replacing("for: 5s", with: "for: 20s").replacing("for: 10s", with: "for: 20s")
            .replacing("[10m]", with: "[30s]")
    }

    @Test(.enabled(if: hasMonitoring), .timeLimit(.minutes(8)))
    func bothAlertsReachAlertmanagerAndRestartsRaiseNothing() async throws {
        let rules = try Self.hastyRules()
        try await TestCluster.simulated(nodes: 20) { cluster in
            try await RealMachine.with { machine in
                let alertmanager = try await Alertmanager.start(machine)
                let prometheus = try await Prometheus.start(
                    machine, rules: rules, alertmanager: String(alertmanager.url.dropFirst("http://".count)))
                @Sendable func alerts(_ name: String? = nil) async throws -> [ActiveAlert] {
                    let response = try await HTTPClient().send(
                        HTTPRequest("GET", alertmanager.url + "/api/v2/alerts?active=true"))
                    let all = try JSONDecoder().decode([ActiveAlert].self, from: Data(response.body))
                    return all.filter { name == nil || $0.labels["alertname"] == name }
                }
                func start() async throws -> RunningProgram {
                    let program = try await cluster.startCoordinator([
                        "--external-url", "https://images.example.com/", "--runbook-url",
                        "https://wiki.example.com/puller",
                    ])
                    try prometheus.scrape(String(cluster.server.dropFirst("http://".count)))
                    return program
                }

                // Many debug builds on one machine take their time to be covered for the first time: nobody is to be
                // told of that.
                let retry = [
                    "RETRY_INITIAL_SECONDS": "1", "RETRY_MAX_SECONDS": "2", "ALERT_WEBHOOK_URL": alertmanager.url,
                ]
                let patient = retry.merging(["ALERT_AFTER_SECONDS": "600"]) { $1 }
                let images = [cluster.images[0], cluster.images[1]]
                try await cluster.configure(cluster.data(images, patient))
                let first = try await start()
                try await cluster.untilHeld(images: 2, within: 180)

                // Restarts and a rolling update, with what is cached in its place, raise nothing.
                #expect(try await first.stop() == 0)
                var second = try await start()
                let pods = Set(try await cluster.pods().compactMap(\.metadata.uid))
                let hasty = retry.merging(["ALERT_AFTER_SECONDS": "5", "CACHING_MEMORY_LIMIT": "21Mi"]) { $1 }
                try await cluster.configure(cluster.data(images, hasty))
                try await eventually("every pod is replaced", within: 180) {
                    pods.isDisjoint(with: try await cluster.pods().compactMap(\.metadata.uid))
                }
                try await cluster.untilHeld(images: 2, within: 180)
                try await cluster.restartAgent(of: "n5")
                second.kill()
                second = try await start()
                try await eventually("every node is heard again") {
                    let total = try await cluster.coverage(by: "node").total
                    return total.cells > 0 && total.unknown == 0
                }
                try await Task.sleep(for: .seconds(8))  // longer than ALERT_AFTER_SECONDS
                #expect(try await alerts().map(\.labels) == [])

                // An image goes away on one node, which then fails to pull it, while all others have it.
                let broken = ContinuousClock.now
                try await cluster.simulate("PUT", "registries/registry.example.com", ["available": false])
                try await cluster.simulate("DELETE", "nodes/n7/images?reference=\(images[0])")
                try await eventually("both alerts arrive", within: 120) {
                    let names = try await alerts().compactMap { $0.labels["alertname"] }
                    return Set(names) == ["ImageMissing", "ImagePullerNodeDeviates"]
                }
                print("alerts_arrived_seconds \(broken.duration(to: .now))")
                let direct = try #require(try await alerts("ImageMissing").first)
                #expect(direct.labels["image"] == "image-1" && direct.labels["reason"] == "registryUnavailable")
                #expect(direct.annotations["nodes"] == "n7")
                #expect(direct.generatorURL == "https://images.example.com/#/image/image-1")
                #expect(direct.annotations["runbook_url"] == "https://wiki.example.com/puller#imagemissing")
                let ruled = try #require(try await alerts("ImagePullerNodeDeviates").first)
                #expect(ruled.labels["node"] == "n7" && ruled.labels["reason"] == "registryUnavailable")
                #expect(ruled.annotations["view"] == "https://images.example.com/#/node/n7")
                #expect(ruled.annotations["runbook_url"]?.hasSuffix("/runbook.md#imagepullernodedeviates") == true)

                // A coordinator that is killed and started again repeats nothing and forgets nothing.
                second.kill()
                _ = try await start()
                try await eventually("the node is heard again") {
                    try await cluster.coverage(by: "node").total.unknown == 0
                }
                try await Task.sleep(for: .seconds(3))  // several scrapes, evaluations and looks
                #expect(try await alerts("ImageMissing").map(\.startsAt) == [direct.startsAt])
                #expect(try await alerts("ImagePullerNodeDeviates").map(\.startsAt) == [ruled.startsAt])
                #expect(
                    Set(try await alerts().compactMap { $0.labels["alertname"] })
                        == ["ImageMissing", "ImagePullerNodeDeviates"])

                // The registry is back, and so is the image.
                try await cluster.simulate("PUT", "registries/registry.example.com", ["available": true])
                try await cluster.untilHeld(images: 2, within: 180)
                try await eventually("both are resolved", within: 90) { try await alerts().isEmpty }
            }
        }
    }
}
