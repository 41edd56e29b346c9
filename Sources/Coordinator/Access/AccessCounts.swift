import Logging
import Reporting
import Synchronization
import Telemetry

/// How often somebody was refused, by reason and by who it was meant to be.
package final class AccessCounts: Sendable {
    package enum Audience: String, Sendable, Hashable, CaseIterable {
        case agents, readers

        /// Why somebody of it may be refused.
        var refusals: [AccessRefusal] {
            switch self {
            case .agents: AccessRefusal.allCases.filter { $0 != .forbidden && $0 != .ambiguousPath }
            case .readers:
                [
                    .noToken, .invalidToken, .expiredToken, .wrongAudience, .forbidden, .ambiguousPath, .tooMany,
                    .unavailable,
                ]
            }
        }
    }

    struct Key: Sendable, Hashable {
        var audience: Audience
        var refusal: AccessRefusal
    }

    private struct Counted {
        var counts: [Key: Int] = [:]
        var told: [Key: ContinuousClock.Instant] = [:]
    }

    private let counted = Mutex(Counted())
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// Since the start. Reasons that never happened are left out.
    var all: [Key: Int] { counted.withLock { $0.counts } }

    func count(_ audience: Audience, _ refusal: AccessRefusal) -> Int {
        counted.withLock { $0.counts[Key(audience: audience, refusal: refusal)] ?? 0 }
    }

    /// Counts, and says so at most once a minute for each reason: a flood must not fill the log.
    func add(_ audience: Audience, _ refusal: AccessRefusal, _ details: @autoclosure () -> Logger.Metadata = [:]) {
        let key = Key(audience: audience, refusal: refusal)
        let now = ContinuousClock.now
        let isNews = counted.withLock { counted in
            counted.counts[key, default: 0] += 1
            if let last = counted.told[key], last.duration(to: now) < .seconds(60) { return false }
            counted.told[key] = now
            return true
        }
        Self.countInMetrics(audience, refusal)
        guard isNews else { return }
        var metadata = details()
        metadata["reason"] = "\(refusal.rawValue)"
        metadata["audience"] = "\(audience.rawValue)"
        logger.info("a request was refused", metadata: metadata)
    }
}
