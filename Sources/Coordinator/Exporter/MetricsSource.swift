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
        families.append(MetricFamily(Names.isAccepted, status.isAccepted ? 1 : 0))
        families.append(
            MetricFamily(
                Names.findings,
                Finding.Severity.allCases.map { severity in
                    let count = status.findings.count { $0.severity == severity.rawValue }
                    return .init(labels: [MetricLabel("severity", severity.rawValue)], value: Double(count))
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
