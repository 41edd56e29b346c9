@testable import Shared
import Testing

@Suite struct PollTimeoutTests {
    private let now = ContinuousClock.now

    private func next(_ timeout: inout PollTimeout, _ deadline: Duration? = nil) -> Int32 {
        timeout.next(now: now, deadline: deadline.map { now + $0 })
    }

    @Test func anIdleLoopSleepsUntilItsDeadline() {
        var timeout = PollTimeout()
        #expect(next(&timeout) == 60_000)
        #expect(next(&timeout, .seconds(5)) == 5_001)
        #expect(next(&timeout, .microseconds(1_999)) == 2)
        #expect(next(&timeout, .zero) == 1)
        #expect(next(&timeout, .seconds(-5)) == 1)
        #expect(next(&timeout, .seconds(3_600)) == 60_000)
        #expect(next(&timeout, .seconds(1 << 50)) == 60_000)
    }

    @Test func whatHappenedIsFollowedByOneLookWithoutASleep() {
        var timeout = PollTimeout()
        timeout.calledBack()
        timeout.calledBack()
        #expect(next(&timeout, .seconds(5)) == 0)
        #expect(next(&timeout, .seconds(5)) == 5_001)
        timeout.polled(ready: 0)
        #expect(next(&timeout) == 60_000)
        timeout.polled(ready: 2)
        #expect(next(&timeout) == 0)
        timeout.polled(ready: 0)
        #expect(next(&timeout) == 60_000)
    }
}
