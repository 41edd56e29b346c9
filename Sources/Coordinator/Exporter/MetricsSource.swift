import Alerting
import ConfigurationParsing
import Control
import Formatting
import History
import ImageSets
import Planning
import Reporting
import Telemetry

/// Everything that a scrape gets.
package struct MetricsSource: Sendable {
    package let registry: MetricsRegistry
    package let loop: ControlLoop
    package let history: HistoryStore
    package let configurationStatus: @Sendable () async -> ConfigurationStatus
    package let watch: AlertWatch
    package var isLeading: @Sendable () -> Bool = { true }
    /// Where people reach the dashboard.
    package var externalURL: WebLink?

    package init(
        registry: MetricsRegistry, loop: ControlLoop, history: HistoryStore,
        configurationStatus: @escaping @Sendable () async -> ConfigurationStatus, watch: AlertWatch,
        isLeading: @escaping @Sendable () -> Bool = { true }, externalURL: WebLink? = nil
    ) {
        self.registry = registry
        self.loop = loop
        self.history = history
        self.configurationStatus = configurationStatus
        self.watch = watch
        self.isLeading = isLeading
        self.externalURL = externalURL
    }

    private typealias Names = MetricCatalogue.State

    /// All families, as they are at this moment.
    func families() async -> [MetricFamily] {
        var families = registry.families() + ProcessMetrics.families()
        if let snapshot = await loop.snapshot() {
            let cells = snapshot.targetCells()
            families += CoverageMetrics(snapshot, cells: cells).families()
            families += await watch.families(snapshot, cells: cells)
        }
        families += await historyFamilies()
        let status = await configurationStatus()
        families.append(MetricFamily(Names.revision, status.revision))
        let statuses =
            [status] + (status.sets ?? []).filter { !PrefetchOrder.isName($0.imageSet ?? "") }.prefix(Self.mostSets)
        families.append(
            MetricFamily(
                Names.isAccepted, statuses.map { .init(labels: Self.labels(of: $0), value: $0.isAccepted ? 1 : 0) }))
        families.append(
            MetricFamily(
                Names.findings,
                statuses.flatMap { status in
                    Finding.Severity.allCases.map { severity in
                        let count = status.findings.count { $0.severity == severity.rawValue }
                        return .init(
                            labels: Self.labels(of: status) + [MetricLabel("severity", severity.rawValue)],
                            value: Double(count))
                    }
                }))
        families.append(MetricFamily(Names.leader, isLeading() ? 1 : 0))
        let build = [MetricLabel("version", Version.number), MetricLabel("commit", Version.commit)]
        families.append(MetricFamily(Names.build, [.init(labels: build, value: 1)]))
        if let externalURL {
            let url = MetricLabel("url", externalURL.description)
            families.append(MetricFamily(Names.view, [.init(labels: [url], value: 1)]))
        }
        return families
    }

    /// Of further image sets that are told of one by one.
    private static let mostSets = 100

    /// None of the main ConfigMap's, as if there were no other.
    private static func labels(of status: ConfigurationStatus) -> [MetricLabel] {
        status.imageSet.map { [MetricLabel("set", $0)] } ?? []
    }

    private func historyFamilies() async -> [MetricFamily] {
        let health = await history.health
        var families = [
            MetricFamily(Names.historyWriting, health.isWriting ? 1 : 0),
            MetricFamily(Names.historyCommits, health.commits), MetricFamily(Names.historyErrors, health.errors),
            MetricFamily(Names.historyDropped, health.droppedWrites),
        ]
        if case .file(let path) = history.configuration.location {
            families.append(MetricFamily(Names.historySize, HistoryFile(path: path).bytes()))
        }
        return families
    }
}
