/// The time since the agent's start by a clock that nobody sets, and that goes on while the machine is suspended.
struct Uptime: Sendable {
    private let start = ContinuousClock.now

    var now: Duration { ContinuousClock.now - start }
}
