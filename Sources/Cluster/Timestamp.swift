import Shared

/// A moment by the coordinator's clock, in milliseconds since 1970.
public struct Timestamp: Sendable, Hashable, Comparable, Codable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

    public static func + (moment: Self, seconds: Double) -> Self {
        Self(milliseconds: moment.milliseconds.saturatingAdd(Int64(saturating: (seconds * 1000).rounded())))
    }

    /// The moment that lies so many milliseconds back, 1970 at the earliest: ages come from other machines, and one
    /// that can't be true must do no harm.
    public func earlier(byMilliseconds age: UInt64) -> Self {
        Self(milliseconds: max(0, milliseconds.saturatingSubtract(Int64(clamping: age))))
    }

    /// Milliseconds from `earlier` until this moment; negative when it lies before.
    public func milliseconds(since earlier: Self) -> Int64 { milliseconds.saturatingSubtract(earlier.milliseconds) }

    public init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }
}
