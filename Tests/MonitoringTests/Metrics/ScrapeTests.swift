import Cluster
import Hummingbird
import ImageSets
import Logging
import Metrics
import Planning
import Shared
import Testing

@testable import Access
@testable import Alerting
@testable import ConfigurationParsing
@testable import Exporter
@testable import Formatting
@testable import KubernetesClient
@testable import Reporting
@testable import Server
@testable import Telemetry

@Suite("A scrape", .timeLimit(.minutes(5))) struct ScrapeTests {
    private static let notFound = "failed to resolve reference \"docker.io/library/db:latest\": not found"

    private static func source(_ stage: MonitoredLoop) async -> MetricsSource {
        let watch = AlertWatch(
            loop: stage.loop, clock: stage.clock, memory: StoredAlerts(store: stage.history, imageSet: "a/b"),
            origin: .init(namespace: "a", configMap: "b"),
            logger: Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() })
        await watch.restore()
        return MetricsSource(
            registry: stage.registry, loop: stage.loop, history: stage.history,
            configurationStatus: {
                let findings = ["error", "warning", "error"].map {
                    ConfigurationStatus.Remark(severity: $0, key: "IMAGES", message: "")
                }
                return ConfigurationStatus(revision: 7, isAccepted: true, findings: findings)
            }, watch: watch,
            externalURL: WebLink("https://images.example.com/"))
    }

    @Test("Coverage is that of this moment, and unknown stands apart")
    func coverage() async throws {
        let stage = MonitoredLoop()
        try await stage.run(MonitoredLoop.configuration(["web=nginx", "db=db"]), nodes: ["n1", "n2", "n3"]) { stage in
            let source = await Self.source(stage)
            var families = await source.families()
            #expect(families.value("image_puller_image_unknown_nodes", ["image": "web"]) == 3)
            #expect(families.value("image_puller_silent_nodes", ["ready": "true"]) == 3)
            #expect(families.first { $0.spec.name == "image_puller_node_missing_images" }?.samples == [])

            try await stage.report("n1", 1, present: ["nginx", "db"])
            var sequence: UInt64 = 1
            let pull = try await stage.order("n2", from: &sequence, present: ["nginx"])
            families = await source.families()
            #expect(families.value("image_puller_image_target_nodes", ["image": "db"]) == 3)
            #expect(families.value("image_puller_image_present_nodes", ["image": "db"]) == 1)
            #expect(families.value("image_puller_image_held_nodes", ["image": "db"]) == 0)
            #expect(families.value("image_puller_image_pulling_nodes", ["image": "db"]) == 1)
            #expect(families.value("image_puller_image_unknown_nodes", ["image": "db"]) == 1)
            #expect(families.value("image_puller_covered_nodes") == 1)
            #expect(families.value("image_puller_target_nodes") == 3)
            #expect(families.value("image_puller_node_missing_images", ["node": "n2"]) == 1)
            #expect(families.value("image_puller_pulls_running", ["registry": "docker.io"]) == 1)

            let failure = WireAttempt.failed(pull, id: 1, Self.notFound)
            for number in 0..<3 {
                try await stage.report("n2", sequence + UInt64(number), present: ["nginx"], attempts: [failure])
            }
            families = await source.families()
            #expect(families.value("image_puller_image_failed_nodes", ["image": "db"]) == 1)
            #expect(
                families.value(
                    "image_puller_image_failing_nodes", ["image": "db", "reason": "notFound", "permanent": "true"]) == 1
            )
            #expect(families.value("image_puller_retries_waiting", ["registry": "docker.io"]) == 1)
            #expect(
                families.value(
                    "image_puller_attempts_total",
                    ["registry": "docker.io", "outcome": "failed", "reason": "notFound"]) == 1, "told three times")
            #expect(families.value("image_puller_configuration_revision") == 7)
            for (severity, count) in [("error", 2.0), ("warning", 1), ("info", 0)] {
                #expect(families.value("image_puller_configuration_findings", ["severity": severity]) == count)
            }
            #expect(families.value("image_puller_history_writing") == 1)
        }
    }

    @Test("Pulls are measured by registry")
    func pulls() async throws {
        let stage = MonitoredLoop()
        try await stage.run(MonitoredLoop.configuration(["web=nginx"]), nodes: ["n1"]) { stage in
            var sequence: UInt64 = 1
            let pull = try await stage.order("n1", from: &sequence, present: [])
            let attempt = WireAttempt.succeeded(pull, id: 1, milliseconds: 4000, bytes: 60_000_000)
            try await stage.report("n1", sequence, present: ["nginx"], attempts: [attempt])
            let families = await Self.source(stage).families()
            let labels = ["registry": "docker.io"]
            #expect(families.value("image_puller_pull_duration_seconds", labels, suffix: "_sum") == 4)
            #expect(families.value("image_puller_pull_size_bytes", labels, suffix: "_sum") == 60_000_000)
            #expect(families.value("image_puller_image_versions", ["image": "web"]) == 1)
        }
    }

    @Test("Nodes have series of their own in small clusters only", arguments: [500, 501])
    func nodes(count: Int) async throws {
        var fleet = Fleet(epoch: 1)
        var random = SystemRandomNumberGenerator()
        let configuration = try MonitoredLoop.configuration(["web=nginx"])
        let now = Timestamp(milliseconds: 1_000_000)
        _ = fleet.adopt(configuration, at: now)
        var cluster = ClusterView()
        cluster.isSynced = true
        for number in 0..<count {
            cluster.nodes["n\(number)"] = NodeView(name: "n\(number)", uid: "\(number)")
            var report = WireReport()
            report.node = "n\(number)"
            report.bootID = "b"
            report.sequence = 1
            report.runtime.listed = true
            report.full.images = []
            _ = fleet.ingest(try CheckedReport(report), at: now, using: &random)
        }
        let snapshot = Snapshot(configuration: configuration, revision: 1, cluster: cluster, fleet: fleet, now: now)
        let families = CoverageMetrics(snapshot, cells: snapshot.targetCells()).families()
        let series = families.first { $0.spec.name == "image_puller_node_missing_images" }?.samples.count
        #expect(series == (count <= 500 ? count : 0))
        #expect(families.value("image_puller_image_missing_nodes", ["image": "web"]) == Double(count))
    }

    @Test("Restricted mode counts what pod statuses tell")
    func restricted() throws {
        let configuration = try MonitoredLoop.configuration(["web=nginx", "db=db"]) { $0.runtimeSocket = .none }
        var cluster = ClusterView()
        cluster.isSynced = true
        for name in ["n1", "n2"] { cluster.nodes[name] = NodeView(name: name, uid: name) }
        cluster.nodes["n2"]?.isReady = false
        var pod = PodView(name: "p", uid: "p", node: "n1")
        pod.containers["web"] = ContainerView()
        pod.containers["web"]?.isRunning = true
        pod.containers["db"] = ContainerView()
        pod.containers["db"]?.waitingReason = "ImagePullBackOff"
        pod.containers["db"]?.waitingMessage = Self.notFound
        cluster.pods["p"] = pod
        let snapshot = Snapshot(
            configuration: configuration, revision: 1, cluster: cluster, fleet: Fleet(epoch: 1),
            now: Timestamp(milliseconds: 5))
        let families = CoverageMetrics(snapshot, cells: snapshot.targetCells()).families()
        #expect(families.value("image_puller_image_held_nodes", ["image": "web"]) == 1)
        #expect(families.value("image_puller_image_unknown_nodes", ["image": "web"]) == 1)
        #expect(
            families.value(
                "image_puller_image_failing_nodes", ["image": "db", "reason": "notFound", "permanent": "true"]) == 1)
        #expect(families.value("image_puller_silent_nodes", ["ready": "false"]) == 1)
    }

    @Test("promtool has nothing to complain of, and every metric is there", .enabled(if: MonitoringTool.isThere))
    func promtool() async throws {
        let stage = MonitoredLoop()
        let configuration = try MonitoredLoop.configuration(["web=nginx", "db=db"]) { $0.alertAfterSeconds = 0 }
        try await stage.run(configuration, nodes: ["n1", "n2"]) { stage in
            Instruments.prepare()
            AccessCounts.prepare()
            RequestInstruments().requestEnded("get pods", status: 200)
            RequestInstruments().watchRestarted(.pods)
            Instruments.nodeWarmed(after: 3)
            Instruments.longestHold(seconds: 0.001)
            Instruments.reportCut("texts", by: 1)
            var sequence: UInt64 = 1
            let pull = try await stage.order("n1", from: &sequence, present: ["nginx"])
            try await stage.report(
                "n1", sequence, present: ["nginx", "db"],
                attempts: [.succeeded(pull, id: 1, milliseconds: 10, bytes: 5)])
            // The second node's turn comes when the first has the image.
            let (second, last) = (try await stage.order("n2", from: &sequence, present: ["nginx"]), sequence)
            try await stage.report(
                "n2", last, present: ["nginx"], attempts: [.failed(second, id: 1, Self.notFound)])

            let source = await Self.source(stage)
            try await Self.serve(source) { url in
                for (accept, isOpenMetrics) in [("text/plain", false), ("application/openmetrics-text", true)] {
                    var request = Shared.HTTPRequest("GET", url + "/metrics")
                    request.headers["Accept"] = accept
                    let response = try await HTTPClient().send(request)
                    #expect(response.status == 200)
                    #expect(response.headers["Content-Type"]?.hasPrefix(accept) == true)
                    let text = String(decoding: response.body, as: UTF8.self)
                    let families = try ExpositionParser.parse(text, isOpenMetrics: isOpenMetrics)
                    if !isOpenMetrics {
                        try await MonitoringTool.checkMetrics(text)
                        // History in memory has no size, and no family is full.
                        let missing = Set(MetricCatalogue.all.map(\.name)).subtracting(families.map(\.name))
                        #expect(
                            missing == [
                                "image_puller_history_size_bytes", "image_puller_metric_series_dropped_total",
                            ])
                    }
                }
            }
        }
    }

    private static func serve(_ source: MetricsSource, _ body: @escaping @Sendable (String) async throws -> Void)
        async throws
    {
        let router = Router(context: BasicRequestContext.self)
        MetricsRoutes(source: source).add(to: router)
        let (ports, port) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) },
            logger: Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            defer { group.cancelAll() }
            for await port in ports {
                try await body("http://127.0.0.1:\(port)")
                break
            }
        }
    }
}
