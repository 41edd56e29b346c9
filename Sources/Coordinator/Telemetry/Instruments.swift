import Cluster
import KubernetesClient
import Metrics
import Planning
import Shared

/// What is counted as it happens. Metrics are those of the factory that swift-metrics was given at the start.
package enum Instruments {
    package static func attempt(_ attempt: Fleet.FinishedAttempt) {
        let registry = registry(of: attempt.reference)
        let outcome =
            switch attempt.reason {
            case nil: "succeeded"
            case .cancelled: "cancelled"
            case .timeout: "timed_out"
            default: "failed"
            }
        let reason = attempt.reason?.rawValue ?? ""
        count(MetricCatalogue.attempts, [("registry", registry), ("outcome", outcome), ("reason", reason)])
        // What the node had before took no time.
        guard attempt.reason == nil, attempt.bytes > 0 else { return }
        let seconds = Double(attempt.ended.milliseconds(since: attempt.started)) / 1000
        record(MetricCatalogue.pullDuration, seconds, [("registry", registry)])
        record(MetricCatalogue.pullSize, Double(attempt.bytes), [("registry", registry)])
    }

    package static func report(isAccepted: Bool) {
        count(MetricCatalogue.reports, [("result", isAccepted ? "accepted" : "refused")])
    }

    /// Something of a report was left out.
    package static func reportCut(_ what: String, by count: Int) {
        counter(MetricCatalogue.reportCuts, [("what", what)]).increment(by: count)
    }

    package static func longestHold(seconds: Double) { Gauge(label: MetricCatalogue.longestHold.name).record(seconds) }

    package static func reportTaken(since start: ContinuousClock.Instant) {
        record(MetricCatalogue.reportDuration, seconds(since: start))
    }

    package static func planned(since start: ContinuousClock.Instant) {
        record(MetricCatalogue.planning, seconds(since: start))
    }

    package static func edit(isAccepted: Bool) {
        count(MetricCatalogue.edits, [("result", isAccepted ? "accepted" : "rejected")])
    }

    package static func nodeWarmed(after seconds: Double) { record(MetricCatalogue.nodeWarming, seconds) }

    package static func notification(succeeded: Bool) {
        count(MetricCatalogue.notifications, [("outcome", succeeded ? "succeeded" : "failed")])
    }

    package static func kubernetesEvent(_ outcome: KubernetesEventOutcome) {
        count(MetricCatalogue.kubernetesEvents, [("outcome", outcome.rawValue)])
    }

    package enum KubernetesEventOutcome: String, CaseIterable {
        case written, dropped, failed
    }

    /// Makes the series exist whose first increase an alert should see: a counter that appears with 1 hasn't increased.
    package static func prepare() {
        for isAccepted in [true, false] {
            counter(MetricCatalogue.edits, [("result", isAccepted ? "accepted" : "rejected")]).increment(by: 0)
            counter(MetricCatalogue.reports, [("result", isAccepted ? "accepted" : "refused")]).increment(by: 0)
        }
        for outcome in ["succeeded", "failed"] {
            counter(MetricCatalogue.notifications, [("outcome", outcome)]).increment(by: 0)
        }
        for outcome in KubernetesEventOutcome.allCases {
            counter(MetricCatalogue.kubernetesEvents, [("outcome", outcome.rawValue)]).increment(by: 0)
        }
    }

    // MARK: Recording

    private static func registry(of reference: String) -> String {
        (try? ImageReference(reference))?.registry ?? "unknown"
    }

    package static func counter(_ spec: MetricSpec, _ dimensions: [(String, String)]) -> Counter {
        Counter(label: spec.name, dimensions: dimensions)
    }

    package static func count(_ spec: MetricSpec, _ dimensions: [(String, String)]) {
        counter(spec, dimensions).increment()
    }

    private static func record(_ spec: MetricSpec, _ value: Double, _ dimensions: [(String, String)] = []) {
        Recorder(label: spec.name, dimensions: dimensions).record(value)
    }

    private static func seconds(since start: ContinuousClock.Instant) -> Double {
        start.duration(to: .now) / .seconds(1)
    }
}
