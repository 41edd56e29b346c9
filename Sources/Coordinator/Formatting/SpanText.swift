import Shared

/// Spans and sizes for people.
package enum SpanText {
    /// `0.4 s`, `9 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
    package static func seconds(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0 else { return "?" }
        let tenths = (seconds * 10).rounded() / 10
        // Whole ones are mostly rounded already: nobody counts in tenths then.
        if seconds < 10, tenths != tenths.rounded() { return "\(tenths) s" }
        let whole = Int(saturating: min(seconds.rounded(), 1e12))
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
    package static func bytes(_ bytes: Int64) -> String {
        guard bytes >= 1000 else { return "\(bytes) B" }
        var value = Double(bytes)
        var unit = 0
        let units = ["B", "kB", "MB", "GB", "TB", "PB"]
        while value >= 999.5, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return value < 10
            ? "\((value * 10).rounded() / 10) \(units[unit])" : "\(Int(saturating: value.rounded())) \(units[unit])"
    }
}
