import Access
import Alerting
import ConfigurationParsing
import Control
import Exporter
import History
import KubernetesClient
import Logging
import Metrics
import Reporting
import Server
import Telemetry

/// What the coordinator tells machines of itself: metrics, alerts and Events about images and nodes.
struct Observability: Sendable {
    let metrics: MetricsSource
    let watch: AlertWatch
    private let events: CoverageEvents

    /// To be made once a process: swift-metrics takes one factory.
    init(
        options: ServeCommand, namespace: String, client: KubernetesClient, clock: CoordinatorClock,
        history: HistoryStore, loop: ControlLoop, board: ConfigurationBoard, logger: Logger,
        isLeading: @escaping @Sendable () -> Bool = { true }
    ) {
        let registry = MetricsRegistry()
        MetricsSystem.bootstrap(registry)
        Instruments.prepare()
        AccessCounts.prepare()
        let events = CoverageEvents(client: client, aboutNodes: options.nodeEvents, logger: logger)
        self.events = events
        let imageSet = "\(namespace)/\(options.configMap)"
        watch = AlertWatch(
            loop: loop, clock: clock, memory: StoredAlerts(store: history, imageSet: imageSet),
            origin: .init(
                namespace: namespace, configMap: options.configMap, externalURL: options.externalURL?.link,
                runbookURL: options.runbookURL?.link),
            logger: logger
        ) { events.tell($0, $1) }
        metrics = MetricsSource(
            registry: registry, loop: loop, history: history, configurationStatus: { board.status }, watch: watch,
            isLeading: isLeading, externalURL: options.externalURL?.link)
    }

    /// Works until cancelled. Only while leading, and after history is open.
    func run() async {
        await withTaskGroup { group in
            group.addTask { await events.run() }
            group.addTask { await watch.run() }
        }
    }
}
