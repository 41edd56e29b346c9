import Cluster
import Formatting
import Planning

/// What a `HistoryStore` is told.
package struct HistoryConfiguration: Sendable {
    package var location: HistoryLocation
    /// After a failure writes are dropped for so long, then one is tried.
    var retryInterval: Duration = .seconds(10)
    /// A keyframe is made after so many transitions at least, and not before a tenth of the cells has changed: what
    /// writing them costs stays in proportion to what happens.
    var keyframeTransitions: Int64 = 2000
    /// The coordinator's clock: milliseconds since 1970.
    var now: @Sendable () -> Int64 = HistoryConfiguration.systemClock
    /// The type of the file system that holds a path, if known.
    var fileSystemType: @Sendable (String) -> String? = { NetworkFileSystem.type(of: $0) }

    package init(location: HistoryLocation) {
        self.location = location
    }

    @Sendable static func systemClock() -> Int64 { Timestamp.wallClock.milliseconds }
}
