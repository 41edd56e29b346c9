/// How long something took, in seconds: the ranks of a sample.
struct Quantiles: Codable, Sendable, Hashable {
    var count: Int
    var p50: Double
    var p95: Double
    var p99: Double
    var longest: Double

    /// Nil for an empty sample. Ranks are the nearest ones, so each is a time that was measured.
    init?(_ sample: [Double]) {
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
    var text: String {
        "p50 \(SpanText.seconds(p50)), p95 \(SpanText.seconds(p95)), p99 \(SpanText.seconds(p99)), "
            + "longest \(SpanText.seconds(longest)) (of \(count))"
    }
}

/// Spans and sizes for people.
enum SpanText {
    /// `0.4 s`, `9 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
    static func seconds(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0 else { return "?" }
        let tenths = (seconds * 10).rounded() / 10
        // Whole ones are mostly rounded already: nobody counts in tenths then.
        if seconds < 10, tenths != tenths.rounded() { return "\(tenths) s" }
        let whole = Int(min(seconds.rounded(), 1e12))
        switch whole {
        case ..<120: return "\(whole) s"
        case ..<7200: return two(whole / 60, "min", whole % 60, "s")
        case ..<172_800: return two(whole / 3600, "h", whole % 3600 / 60, "min")
        default: return two(whole / 86_400, "d", whole % 86_400 / 3600, "h")
        }
    }

    private static func two(_ first: Int, _ unit: String, _ second: Int, _ small: String) -> String {
        second == 0 ? "\(first) \(unit)" : "\(first) \(unit) \(second) \(small)"
    }

    /// `512 B`, `3.4 MB`, `1.2 GB`: decimal, as registries count.
    static func bytes(_ bytes: Int64) -> String {
        guard bytes >= 1000 else { return "\(bytes) B" }
        var value = Double(bytes)
        var unit = 0
        let units = ["B", "kB", "MB", "GB", "TB", "PB"]
        while value >= 999.5, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return value < 10 ? "\((value * 10).rounded() / 10) \(units[unit])" : "\(Int(value.rounded())) \(units[unit])"
    }
}
