import Cluster
import Logging
import Metrics
import Testing

@testable import Access
@testable import Control
@testable import Exporter
@testable import Planning
@testable import Reporting
@testable import Telemetry

@Suite("What is recorded through swift-metrics") struct MetricsRegistryTests {
    private static let registry = MetricsRegistry([
        MetricSpec("c_total", .counter, "C"), MetricSpec("g", .gauge, "G"),
        MetricSpec("h_seconds", .histogram(bounds: [1]), "H"),
    ])

    @Test func isExported() {
        let registry = Self.registry
        withMetricsFactory(registry) {
            for _ in 0..<3 { Counter(label: "c_total", dimensions: [("a", "x")]).increment() }
            Counter(label: "c_total", dimensions: [("a", "y")]).increment(by: 0)
            Counter(label: "c_total", dimensions: [("a", "x")]).reset()
            Gauge(label: "g").record(4)
            Metrics.Timer(label: "h_seconds").recordSeconds(2)
            Recorder(label: "h_seconds").record(0.5)
        }
        let families = registry.families()
        #expect(families.value("c_total", ["a": "x"]) == 3, "counters are never reset")
        #expect(families.value("c_total", ["a": "y"]) == 0)
        #expect(families.value("g") == 4)
        #expect(families.value("h_seconds", suffix: "_sum") == 2.5)
        #expect(families.value("h_seconds", ["le": "1.0"], suffix: "_bucket") == 1)
    }

    @Test func onlyWhatTheCatalogueNamesIsKept() {
        let registry = MetricsRegistry([MetricSpec("c_total", .counter, "C")])
        withMetricsFactory(registry) {
            Counter(label: "other_total").increment()
            Gauge(label: "c_total").record(1)
            Counter(label: "c_total").increment()
            Gauge(label: "c_total").record(7)
        }
        #expect(registry.families().map(\.spec.name) == ["c_total"])
        #expect(registry.families().value("c_total") == 1)
    }

    @Test func seriesAreBounded() {
        let registry = MetricsRegistry([MetricSpec("c_total", .counter, "C")])
        withMetricsFactory(registry) {
            for number in 0..<3000 { Counter(label: "c_total", dimensions: [("n", "\(number)")]).increment() }
        }
        #expect(registry.families().first?.samples.count == MetricsRegistry.maximumSeries)
    }

    @Test func anAttemptIsCountedOnce() {
        func attempt(_ id: UInt64, boot: String = "a", node: String = "n1") -> Fleet.FinishedAttempt {
            let now = Timestamp(milliseconds: 0)
            return Fleet.FinishedAttempt(
                node: node, bootID: boot, id: id, reference: "nginx", started: now, ended: now, reason: nil,
                message: "", imageID: "", bytes: 0)
        }
        var tally = AttemptTally()
        #expect(tally.new([attempt(2), attempt(1)]).map(\.id) == [1, 2])
        #expect(tally.new([attempt(1), attempt(2), attempt(3)]).map(\.id) == [3])
        #expect(tally.new([attempt(1, node: "n2")]).count == 1)
        #expect(tally.new([attempt(1, boot: "b")]).count == 1)
        #expect(tally.new([attempt(1, boot: "b")]).isEmpty)
    }

    /// Who was refused is counted by reason and status, with series that are there before the first time.
    @Test func refusalsAreCounted() throws {
        let registry = MetricsRegistry()
        let counts = AccessCounts(logger: Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() })
        withMetricsFactory(registry) {
            Instruments.prepare()
            AccessCounts.prepare()
            counts.add(.agents, .wrongNode)
            counts.add(.agents, .wrongNode)
            counts.add(.readers, .forbidden)
            counts.add(.readers, .tooMany)
        }
        func value(_ audience: String, _ reason: String, _ code: String) -> Double? {
            registry.families().value(
                MetricCatalogue.accessRefused.name, ["audience": audience, "reason": reason, "code": code])
        }
        #expect(value("agents", "wrongNode", "403") == 2)
        #expect(value("readers", "forbidden", "403") == 1)
        #expect(value("readers", "tooMany", "429") == 1)
        #expect(value("agents", "invalidToken", "401") == 0)
        #expect(value("readers", "wrongNode", "403") == nil, "that can't be")
        let series = registry.families().first { $0.spec == MetricCatalogue.accessRefused }?.samples.count
        #expect(series == AccessCounts.Audience.allCases.map(\.refusals.count).reduce(0, +))
    }

    @Test func theProcessIsDescribed() throws {
        let stat = "12 (a ) b) S 1 1 1 0 -1 4194560 900 0 3 0 150 50 0 0 20 0 7 0 4200 123456789 456 1844"
        #expect(
            ProcessMetrics.stat(of: stat)
                == .init(ticks: 200, threads: 7, startTicks: 4200, virtualBytes: 123_456_789, residentPages: 456))
        #expect(ProcessMetrics.stat(of: "nonsense") == nil)
        #expect(ProcessMetrics.bootTime("cpu 1 2\nbtime 1700000000\n") == 1_700_000_000)
        let families = ProcessMetrics.families()
        #expect(Set(families.map(\.spec)) == Set(MetricCatalogue.Process.all))
        #expect(try #require(families.value("process_resident_memory_bytes")) > 1_000_000)
        #expect(try #require(families.value("process_open_fds")) >= 3)
    }

    @Test func aFamilyThatIsFullSaysSo() {
        let registry = MetricsRegistry()
        withMetricsFactory(registry) {
            for number in 0..<MetricsRegistry.maximumSeries + 7 {
                Instruments.count(MetricCatalogue.attempts, [("registry", "r\(number)")])
            }
        }
        let families = registry.families()
        let series = families.first { $0.spec == MetricCatalogue.attempts }?.samples.count
        #expect(series == MetricsRegistry.maximumSeries)
        let dropped = families.value(MetricCatalogue.droppedSeries.name, ["metric": MetricCatalogue.attempts.name])
        #expect(dropped == 7)
    }
}
