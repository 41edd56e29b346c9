import Planning

/// The coordinator's clock: the system's time at its start, carried on by a clock that never steps.
///
/// Ages, back-offs and history must not jump when somebody sets the system's clock.
struct CoordinatorClock: Sendable {
    private let start: Timestamp
    private let reference: ContinuousClock.Instant

    init() {
        start = .wallClock
        reference = .now
    }

    var now: Timestamp {
        let elapsed = reference.duration(to: .now).components
        return Timestamp(
            milliseconds: start.milliseconds + elapsed.seconds * 1000 + elapsed.attoseconds / 1_000_000_000_000_000)
    }
}
