import Cluster
import ControlFixtures
import Foundation
import ImageSets
import Logging
import Planning
import Reporting
import Shared
import Testing

@testable import Alerting
@testable import ControlFixtures
@testable import Exporter
@testable import History
@testable import Telemetry

/// What a scrape tells of a fault, held for an hour before all rules: one alert fires, and it is the one that says most.
@Suite("One fault, one alert", .timeLimit(.minutes(5))) struct OneFaultTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// The only alert.
        var alert: String
        var play: @Sendable (inout SnapshotDesk) throws -> Void
        /// Nodes that go on reporting, and what they have.
        var present: @Sendable (String) -> [String]?
    }

    private static let nodes = ["n1", "n2", "n3", "n4", "n5"]
    private static let notFound = "failed to resolve reference: manifest unknown: not found"

    static let faults = [
        Fault(testDescription: "an entry that no registry has", alert: "ImagePullerImageFailing") { desk in
            for node in ["n1", "n2"] { try desk.fail(node, "web", notFound) }
        } present: { _ in
            ["nginx"]
        },
        Fault(testDescription: "one node's mirror doesn't have an image", alert: "ImagePullerNodeDeviates") { desk in
            try desk.fail("n1", "web", notFound)
        } present: {
            $0 == "n1" ? ["nginx"] : ["nginx", "web"]
        },
        Fault(testDescription: "one node's proxy refuses all images", alert: "ImagePullerNodeDeviates") { desk in
            for image in ["nginx", "web"] { try desk.fail("n1", image, "unexpected status: 403 Forbidden") }
        } present: {
            $0 == "n1" ? [] : ["nginx", "web"]
        },
        Fault(testDescription: "one node's store is damaged", alert: "ImagePullerNodeDeviates") { desk in
            // The second time after the image was removed.
            for _ in 0..<2 {
                try desk.fail(
                    "n1", "web", "failed to extract layer: missing parent \"k8s.io/1/sha256\" bucket: not found")
            }
        } present: {
            $0 == "n1" ? ["nginx"] : ["nginx", "web"]
        },
        Fault(testDescription: "the registry is away", alert: "ImagePullerRegistryCircuitOpen") { desk in
            for _ in 0..<4 {
                for image in ["nginx", "web"] {
                    for node in nodes {
                        try desk.fail(node, image, "dial tcp 192.0.2.1:443: connect: connection refused")
                    }
                }
                desk.now = desk.now + 10
            }
        } present: { _ in
            []
        },
        Fault(testDescription: "one node's disk is full", alert: "ImagePullerImageOverdue") { desk in
            for image in ["nginx", "web"] { try desk.fail("n1", image, "write /var/lib/x: no space left on device") }
        } present: {
            $0 == "n1" ? [] : ["nginx", "web"]
        },
        Fault(testDescription: "an image that nobody pulls", alert: "ImagePullerImageOverdue") { _ in
        } present: { _ in
            ["nginx"]
        },
        Fault(testDescription: "one node's kubelet refuses an image that is there", alert: "ImagePullerImageOverdue") {
            desk in
            for node in nodes {
                desk.pod(node, ["web": { $0.isRunning = true }, "base": { $0.isRunning = true }])
                desk.cluster.pods["p-\(node)"]?.template = "t"
            }
            desk.cluster.pods["p-n1"]?.containers["web"]?.isRunning = false
            desk.cluster.pods["p-n1"]?.containers["web"]?.waitingReason = "ErrImageNeverPull"
            for _ in 0..<3 {
                for node in nodes { desk.report(node) { $0.full.images = [.listed("nginx"), .listed("web")] } }
                let plan = Planner.plan(
                    configuration: desk.configuration, cluster: desk.cluster, fleet: desk.fleet, template: "t",
                    now: desk.now)
                _ = desk.fleet.carryOut(plan, at: desk.now)
                desk.now = desk.now + 20
            }
        } present: { _ in
            ["nginx", "web"]
        },
        Fault(testDescription: "a prefetch that no registry has", alert: "ImagePullerImageFailing") { desk in
            desk.sets = [ImageSet(name: "prefetch-1", references: [try ImageReference("absent")])]
            _ = desk.fleet.adopt(desk.configuration, sets: desk.sets, at: desk.now)
            for node in nodes { desk.report(node) { $0.full.images = [.listed("nginx"), .listed("web")] } }
            for node in ["n1", "n2"] { try desk.fail(node, "absent", notFound) }
        } present: { _ in
            ["nginx", "web"]
        },
        Fault(testDescription: "one of a prefetch's images is broken", alert: "ImagePullerImageOverdue") { desk in
            let references = [try ImageReference("absent"), try ImageReference("new")]
            desk.sets = [ImageSet(name: "prefetch-1", references: references)]
            _ = desk.fleet.adopt(desk.configuration, sets: desk.sets, at: desk.now)
            for node in nodes {
                desk.report(node) { $0.full.images = [.listed("nginx"), .listed("web"), .listed("new")] }
            }
            for node in ["n1", "n2"] { try desk.fail(node, "absent", notFound) }
        } present: { _ in
            ["nginx", "web", "new"]
        },
        Fault(testDescription: "an agent that is silent", alert: "ImagePullerAgentsSilent") { _ in
        } present: {
            $0 == "n1" ? nil : ["nginx", "web"]
        },
    ]

    @Test("Each of the faults fires one alert", .enabled(if: MonitoringTool.isThere), arguments: faults)
    func one(_ fault: Fault) async throws {
        var desk = try SnapshotDesk(["web=web", "base=nginx"], nodes: Self.nodes.count)
        func report() {
            for node in Self.nodes {
                guard let present = fault.present(node) else { continue }
                desk.report(node) { $0.full.images = present.map { .listed($0) } }
            }
        }
        report()
        try fault.play(&desk)
        let watch = AlertWatch(
            loop: MonitoredLoop().loop, clock: CoordinatorClock(),
            memory: StoredAlerts(store: HistoryStore(HistoryConfiguration(location: .memory)), imageSet: "a/b"),
            origin: .init(namespace: "a", configMap: "b"),
            logger: Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() })
        await watch.restore()
        var families: [MetricFamily] = []
        // The second look is later than ALERT_AFTER_SECONDS.
        for pause in [0, Double(desk.configuration.alertAfterSeconds) + 1] {
            desk.now = desk.now + pause
            report()
            let snapshot = Self.snapshot(desk)
            let cells = snapshot.targetCells()
            families = await watch.families(snapshot, cells: cells)
            families += CoverageMetrics(snapshot, cells: cells).families()
        }
        try await Self.expect(fault.alert, of: families)

        // Other attempts under way end no fault: a rule that waits for minutes would begin anew with each.
        for node in Self.nodes {
            for reference in desk.fleet.failures(of: node).keys {
                _ = desk.fleet.order(
                    try ImageReference(reference), node: node, platform: desk.cluster.nodes[node]?.platform ?? "",
                    at: desk.now)
            }
        }
        let retried = Self.snapshot(desk)
        let cells = retried.targetCells()
        let during = await watch.families(retried, cells: cells) + CoverageMetrics(retried, cells: cells).families()
        for name in Self.faultMetrics {
            let before = try #require(families.first { $0.spec.name == name })
            #expect(during.first { $0.spec.name == name }?.samples == before.samples, "\(name)")
        }
    }

    private static func snapshot(_ desk: SnapshotDesk) -> Snapshot {
        var snapshot = Snapshot(
            configuration: desk.configuration, revision: 1, cluster: desk.cluster, fleet: desk.fleet, now: desk.now)
        snapshot.sets = desk.sets
        return snapshot
    }

    private static let faultMetrics = [
        "image_puller_image_failing_nodes", "image_puller_image_overdue_nodes", "image_puller_node_deviating_images",
        "image_puller_image_deviating_nodes", "image_puller_deviating_nodes", "image_puller_registry_circuit_open",
    ]

    /// Lets promtool play an hour in which nothing changes.
    private static func expect(_ alert: String, of families: [MetricFamily]) async throws {
        struct RuleTest: Encodable {
            struct Part: Encodable {
                struct Series: Encodable {
                    var series: String
                    var values: String
                }
                struct Query: Encodable {
                    struct Sample: Encodable {
                        var labels: String
                        var value: Double
                    }
                    var expr = "group by (alertname) (ALERTS{alertstate=\"firing\"})"
                    var eval_time = "1h"
                    var exp_samples: [Sample]
                }
                var interval = "1m"
                var input_series: [Series]
                var promql_expr_test: [Query]
            }
            var rule_files = [Repository.path("deploy/prometheus/rules.yaml")]
            var evaluation_interval = "1m"
            var tests: [Part]
        }
        var series = [
            RuleTest.Part.Series(series: "up{job=\"kubernetes-image-puller\"}", values: "1x70"),
            RuleTest.Part.Series(series: "image_puller_leader{namespace=\"a\"}", values: "1x70"),
        ]
        for family in families {
            series += family.samples.map { sample in
                let labels = [MetricLabel("namespace", "a")] + sample.labels
                let text = labels.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",")
                return .init(series: "\(family.spec.name)\(sample.suffix){\(text)}", values: "\(sample.value)x70")
            }
        }
        let test = RuleTest(tests: [
            .init(
                input_series: series,
                promql_expr_test: [.init(exp_samples: [.init(labels: "{alertname=\"\(alert)\"}", value: 1)])])
        ])
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("one-fault-\(UUID().uuidString).json")
        let encoder = JSONEncoder()
        // promtool reads YAML, which doesn't know JSON's escaped slash.
        encoder.outputFormatting = .withoutEscapingSlashes
        try encoder.encode(test).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try await MonitoringTool.promtool("test", "rules", file.path)
    }
}
