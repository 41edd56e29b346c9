/// How long something took, in seconds: the ranks of a sample.
package struct Quantiles: Codable, Sendable, Hashable {
    var count: Int
    package var p50: Double
    var p95: Double
    package var p99: Double
    var longest: Double

    /// Nil for an empty sample. Ranks are the nearest ones, so each is a time that was measured.
    package init?(_ sample: [Double]) {
        guard let longest = sample.max() else { return nil }
        let sorted = sample.sorted()
        func rank(_ share: Double) -> Double {
            sorted[max(0, min(sorted.count - 1, Int((share * Double(sorted.count)).rounded(.up)) - 1))]
        }
        count = sample.count
        (p50, p95, p99) = (rank(0.5), rank(0.95), rank(0.99))
        self.longest = longest
    }

    /// `p50 3 s, p95 8 s, p99 12 s, longest 14 s (80)`
    package var text: String {
        "p50 \(SpanText.seconds(p50)), p95 \(SpanText.seconds(p95)), p99 \(SpanText.seconds(p99)), "
            + "longest \(SpanText.seconds(longest)) (of \(count))"
    }
}
