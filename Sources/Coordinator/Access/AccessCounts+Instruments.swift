import Metrics
import Reporting
import Telemetry

extension AccessCounts {
    /// Makes the series of every refusal exist: a counter that appears with 1 hasn't increased.
    package static func prepare() {
        for audience in Audience.allCases {
            for refusal in audience.refusals {
                Instruments.counter(MetricCatalogue.accessRefused, labels(audience, refusal)).increment(by: 0)
            }
        }
    }

    static func countInMetrics(_ audience: Audience, _ refusal: AccessRefusal) {
        Instruments.count(MetricCatalogue.accessRefused, labels(audience, refusal))
    }

    private static func labels(_ audience: Audience, _ refusal: AccessRefusal) -> [(String, String)] {
        [("audience", audience.rawValue), ("reason", refusal.rawValue), ("code", "\(refusal.statusCode)")]
    }
}
