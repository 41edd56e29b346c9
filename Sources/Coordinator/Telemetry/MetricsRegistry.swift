import Metrics
import Synchronization

/// What is recorded through swift-metrics, kept for the next scrape.
///
/// Only what the catalogue names is kept, and of each family a bounded number of series: labels come from
/// configurations and answers, and a metric must never eat the coordinator's memory.
package final class MetricsRegistry: MetricsFactory {
    static let maximumSeries = 1000

    private struct Series: Hashable {
        var name: String
        var labels: [MetricLabel]
    }

    private struct State {
        var recorders: [Series: any MetricRecording] = [:]
        var order: [String: [Series]] = [:]
        /// By family: recordings that found no place.
        var dropped: [String: Int64] = [:]
    }

    private let specs: [String: MetricSpec]
    private let state = Mutex(State())

    package init(_ catalogue: [MetricSpec] = MetricCatalogue.recorded) {
        specs = Dictionary(catalogue.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// All families that have a series, by name.
    package func families() -> [MetricFamily] {
        let found = state.withLock { state in
            state.order.sorted { $0.key < $1.key }.map { name, series in
                (name, series.compactMap { one in state.recorders[one].map { (one.labels, $0) } })
            }
        }
        let families: [MetricFamily] = found.compactMap { name, recorders in
            guard let spec = specs[name] else { return nil }
            return MetricFamily(spec, recorders.flatMap { labels, recorder in recorder.samples(labels) })
        }
        return families + droppedFamily()
    }

    /// A family that is full says so.
    private func droppedFamily() -> [MetricFamily] {
        let dropped = state.withLock { $0.dropped }.sorted { $0.key < $1.key }
        guard let spec = specs[MetricCatalogue.droppedSeries.name], !dropped.isEmpty else { return [] }
        return [
            MetricFamily(
                spec, dropped.map { .init(labels: [MetricLabel("metric", $0.key)], value: Double($0.value)) })
        ]
    }

    private func find<Recorder: MetricRecording>(
        _ name: String, _ dimensions: [(String, String)], make: (MetricSpec.Kind) -> Recorder?
    ) -> Recorder? {
        guard let spec = specs[name] else { return nil }
        let series = Series(name: name, labels: dimensions.map { MetricLabel($0.0, $0.1) })
        return state.withLock { state in
            if let known = state.recorders[series] { return known as? Recorder }
            guard state.order[name, default: []].count < Self.maximumSeries else {
                state.dropped[name, default: 0] += 1
                return nil
            }
            guard let new = make(spec.kind) else { return nil }
            state.recorders[series] = new
            state.order[name, default: []].append(series)
            return new
        }
    }

    // MARK: MetricsFactory

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        find(label, dimensions) { $0 == .counter ? CounterRecording() : nil } ?? NOOPMetricsHandler.instance
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        NOOPMetricsHandler.instance
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        find(label, dimensions) { $0 == .gauge ? GaugeRecording() : nil } ?? NOOPMetricsHandler.instance
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        if aggregate { return histogram(label, dimensions) ?? NOOPMetricsHandler.instance }
        return find(label, dimensions) { $0 == .gauge ? GaugeRecording() : nil } ?? NOOPMetricsHandler.instance
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)]) -> HistogramRecording? {
        find(label, dimensions) { kind in
            guard case .histogram(let bounds) = kind else { return nil }
            return HistogramRecording(bounds: bounds)
        }
    }

    // A counter that goes away and comes back would read as a restart: series stay.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}
}
