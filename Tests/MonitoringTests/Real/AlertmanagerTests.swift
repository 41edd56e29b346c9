import Cluster
import FoundationEssentials
import ImageSets
import Logging
import Planning
import RealRuntime
import Shared
import Testing
@testable import Alerting
@testable import Alerts
@testable import Control
@testable import Coordinator
@testable import Exporter
@testable import Formatting
@testable import History
@testable import Reporting
@testable import Telemetry

@Suite("Alerts reach a real Alertmanager", .timeLimit(.minutes(5)), .enabled(if: MonitoringTool.isThere))
struct AlertmanagerTests {
    private static let origin = AlertMessage.Origin(
        namespace: "ns", configMap: "cm", externalURL: WebLink("https://images.example.com"))

    private static func watch(_ stage: MonitoredLoop) -> AlertWatch {
        AlertWatch(
            loop: stage.loop, clock: stage.clock, memory: StoredAlerts(store: stage.history, imageSet: "ns/cm"),
            origin: origin, logger: Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("Raised once, kept over a restart and an outage of the receiver, resolved when it clears")
    func theWholeLife() async throws {
        try await RealMachine.with { machine in
            let port = try LoopbackPort.find()
            let stage = MonitoredLoop()
            let configuration = try MonitoredLoop.configuration(["web=nginx", "db=db"]) {
                $0.alertAfterSeconds = 1
                $0.alertWebhookURL = "http://127.0.0.1:\(port)"
                $0.reportIntervalSeconds = 100
                $0.retry.initialSeconds = 300
            }
            try await stage.run(configuration, nodes: ["n1", "n2", "n3"]) { stage in
                let first = Task { await Self.watch(stage).run() }
                var sequence: UInt64 = 1
                try await stage.report("n1", 1, present: ["nginx", "db"])
                let pull = try await stage.order("n2", from: &sequence, present: ["nginx"])
                let failure = WireAttempt.failed(pull, id: 1, "dial tcp 1.2.3.4:443: connect: connection refused")
                try await stage.report("n2", sequence, present: ["nginx"], attempts: [failure])

                // The receiver isn't there yet.
                try await soon("a delivery fails") {
                    stage.registry.families().value("image_puller_alert_notifications_total", ["outcome": "failed"])
                        ?? 0 > 0
                }
                var alertmanager = try await Alertmanager.start(machine, port: port)
                try await soon("the alert arrives") { try await !alertmanager.active().isEmpty }
                let alerts = try await alertmanager.active()
                let alert = try #require(alerts.first)
                #expect(alerts.count == 1)
                #expect(
                    alert.labels == [
                        "alertname": "ImageMissing", "severity": "warning", "image": "db",
                        "reason": "registryUnavailable", "namespace": "ns", "configmap": "cm",
                    ])
                #expect(alert.annotations["nodes"] == "n2")
                #expect(alert.annotations["description"]?.contains("connection refused") == true)
                #expect(alert.generatorURL == "https://images.example.com/#/image/db")

                // Another coordinator takes over; the receiver starts again, and has forgotten all.
                first.cancel()
                await first.value
                _ = await alertmanager.daemon.stop()
                alertmanager = try await Alertmanager.start(machine, port: port)
                let second = Task { await Self.watch(stage).run() }
                try await soon("the alert is told again") { try await !alertmanager.active().isEmpty }
                #expect(try await alertmanager.active().map(\.startsAt) == [alert.startsAt])

                try await stage.report("n2", sequence + 1, present: ["nginx", "db"])
                try await soon("the alert is resolved") { try await alertmanager.active().isEmpty }
                let rows = try await stage.history.read { db in
                    try AlertRows.recent(db, imageSet: "ns/cm", resolvedAfter: 0)
                }
                #expect(rows.count == 1 && rows[0].resolvedAt != nil)
                second.cancel()
                await second.value
            }
        }
    }

    @Test("A restart of the coordinator whose nodes aren't heard yet raises and resolves nothing")
    func restart() async throws {
        try await RealMachine.with { machine in
            let alertmanager = try await Alertmanager.start(machine)
            let history = HistoryStore(HistoryConfiguration(location: .memory))
            let configuration = try MonitoredLoop.configuration(["web=nginx"]) {
                $0.alertAfterSeconds = 1
                $0.alertWebhookURL = alertmanager.url
                $0.reportIntervalSeconds = 100
            }
            _ = await history.startRun(at: 1)
            let before = MonitoredLoop(history: history)
            try await before.run(configuration, nodes: ["n1", "n2"]) { stage in
                let watch = Task { await Self.watch(stage).run() }
                try await stage.report("n1", 1, present: [])
                try await soon("the alert arrives") { try await !alertmanager.active().isEmpty }
                watch.cancel()
                await watch.value
            }
            let after = MonitoredLoop(history: history)
            try await after.run(configuration, nodes: ["n1", "n2"]) { stage in
                let watch = Self.watch(stage)
                await watch.restore()
                for _ in 0..<3 {
                    let snapshot = try await stage.snapshot()
                    await watch.look(snapshot, cells: snapshot.targetCells())
                    await watch.send(to: alertmanager.url)
                }
                #expect(await watch.book.firing.values.map(\.nodes) == [["n1"]])
                #expect(try await alertmanager.active().count == 1)
                #expect(try await after.snapshot().fleet.nodes.isEmpty)
            }
        }
    }
}
