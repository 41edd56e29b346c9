import Cluster
import Formatting
import Planning

/// The coordinator's clock: the system's time at its start, carried on by a clock that never steps.
///
/// Ages, back-offs and history must not jump when somebody sets the system's clock.
package struct CoordinatorClock: Sendable {
    private let read: @Sendable () -> Timestamp

    package init() {
        let start = Timestamp.wallClock
        let reference = ContinuousClock.now
        read = {
            let elapsed = reference.duration(to: .now).components
            return Timestamp(
                milliseconds: start.milliseconds + elapsed.seconds * 1000
                    + elapsed.attoseconds / 1_000_000_000_000_000)
        }
    }

    /// A clock that shows what it's told: for histories that are longer than anybody waits.
    init(reading read: @escaping @Sendable () -> Timestamp) { self.read = read }

    package var now: Timestamp { read() }
}
