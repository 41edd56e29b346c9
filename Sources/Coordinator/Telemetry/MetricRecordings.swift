import Metrics
import Synchronization

/// One series, or one histogram's series, as it is recorded.
protocol MetricRecording: AnyObject, Sendable {
    func samples(_ labels: [MetricLabel]) -> [MetricFamily.Sample]
}

final class CounterRecording: MetricRecording, CounterHandler {
    private let value = Atomic<Int64>(0)

    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        value.wrappingAdd(amount, ordering: .relaxed)
    }

    /// Counters only ever grow: Prometheus would take anything else for a restart.
    func reset() {}

    func samples(_ labels: [MetricLabel]) -> [MetricFamily.Sample] {
        [.init(labels: labels, value: Double(value.load(ordering: .relaxed)))]
    }
}

final class GaugeRecording: MetricRecording, RecorderHandler, MeterHandler {
    private let value = Mutex(0.0)

    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }

    func samples(_ labels: [MetricLabel]) -> [MetricFamily.Sample] {
        [.init(labels: labels, value: value.withLock { $0 })]
    }
}

/// A histogram in the unit that its name says; timers record seconds.
final class HistogramRecording: MetricRecording, RecorderHandler, TimerHandler {
    private struct Content {
        var counts: [UInt64]
        var sum = 0.0
        var count: UInt64 = 0
    }

    private let bounds: [Double]
    private let content: Mutex<Content>

    init(bounds: [Double]) {
        self.bounds = bounds
        content = Mutex(Content(counts: [UInt64](repeating: 0, count: bounds.count)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        let bucket = bounds.firstIndex { value <= $0 }
        content.withLock { content in
            if let bucket { content.counts[bucket] += 1 }
            content.sum += value
            content.count += 1
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func samples(_ labels: [MetricLabel]) -> [MetricFamily.Sample] {
        let content = content.withLock { $0 }
        var cumulative: UInt64 = 0
        var samples = zip(bounds, content.counts).map { bound, count -> MetricFamily.Sample in
            cumulative += count
            let label = MetricLabel("le", PrometheusText.bound(bound))
            return .init(suffix: "_bucket", labels: labels + [label], value: Double(cumulative))
        }
        let all = MetricLabel("le", PrometheusText.bound(.infinity))
        samples.append(.init(suffix: "_bucket", labels: labels + [all], value: Double(content.count)))
        samples.append(.init(suffix: "_sum", labels: labels, value: content.sum))
        samples.append(.init(suffix: "_count", labels: labels, value: Double(content.count)))
        return samples
    }
}
