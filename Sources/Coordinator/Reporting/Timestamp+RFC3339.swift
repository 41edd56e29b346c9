import FoundationEssentials
import Planning

extension Timestamp {
    /// `2026-11-23T01:02:03.456Z`
    var rfc3339: String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000)
            .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// This moment by the system's clock.
    static var wallClock: Timestamp {
        Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded()))
    }
}
