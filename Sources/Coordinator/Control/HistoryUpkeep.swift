import Cluster
import History
import ImageSets
import Logging
import Planning

/// Drops what is older than `HISTORY_RETENTION_DAYS`, once an hour.
package struct HistoryUpkeep: Sendable {
    package let store: HistoryStore
    package let clock: CoordinatorClock
    package let logger: Logger
    var interval = Duration.seconds(3600)

    package init(
        store: HistoryStore, clock: CoordinatorClock, logger: Logger, interval: Duration = Duration.seconds(3600)
    ) {
        self.store = store
        self.clock = clock
        self.logger = logger
        self.interval = interval
    }

    /// Works until cancelled.
    package func run(_ loop: ControlLoop) async {
        while !Task.isCancelled {
            if let days = await loop.configuration?.historyRetentionDays { await prune(days: days) }
            // A coordinator without a configuration gets one soon.
            let hasConfiguration = await loop.configuration != nil
            try? await Task.sleep(for: hasConfiguration ? interval : .seconds(60))
        }
    }

    func prune(days: Int) async {
        let horizon = clock.now + Double(-days) * 86_400
        do {
            _ = try await store.prune(before: horizon.milliseconds)
        } catch is CancellationError {
            return
        } catch {
            logger.warning("old history can't be dropped, it is tried again", metadata: ["error": "\(error)"])
        }
    }
}
