import Cluster
import KubernetesClient
import Planning

/// Reads moments and spans as people write them.
package enum MomentText {
    /// `2026-11-23T01:02:03Z` (RFC 3339), `2h ago`, `2h`, `now`. Nil for anything else.
    package static func moment(_ text: String, now: Timestamp) -> Timestamp? {
        let trimmed = text.split(separator: " ").joined(separator: " ")
        if trimmed == "now" { return now }
        let bare = trimmed.hasSuffix(" ago") ? String(trimmed.dropLast(4)) : trimmed
        if let seconds = seconds(bare) { return now + -seconds }
        return rfc3339(trimmed)
    }

    /// `90s`, `20m`, `2h`, `30d`, `2 hours`, `1h30m`: seconds; nil for anything else.
    package static func seconds(_ text: String) -> Double? {
        var sum = 0.0
        var rest = Substring(text.filter { $0 != " " })
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            let unit = rest.dropFirst(digits.count).prefix { $0.isLetter }
            guard let number = Double(digits), number.isFinite, let factor = units[unit.lowercased()] else {
                return nil
            }
            sum += number * factor
            rest = rest.dropFirst(digits.count + unit.count)
        }
        // A century: more would overflow somewhere and can't be meant.
        return sum <= 3_200_000_000 ? sum : nil
    }

    private static let units: [String: Double] = [
        "s": 1, "sec": 1, "second": 1, "seconds": 1, "m": 60, "min": 60, "minute": 60, "minutes": 60, "h": 3600,
        "hour": 3600, "hours": 3600, "d": 86_400, "day": 86_400, "days": 86_400, "w": 604_800, "week": 604_800,
        "weeks": 604_800,
    ]

    private static func rfc3339(_ text: String) -> Timestamp? {
        KubernetesTime(text).map(Timestamp.init)
    }

    /// What to write, for messages about what can't be read.
    package static let momentHelp = "a time as in 2026-11-23T01:02:03Z, or an age as in \"2h ago\", 30m or 7d"
    package static let spanHelp = "a span as in 90s, 20m, 2h or 7d"
}
