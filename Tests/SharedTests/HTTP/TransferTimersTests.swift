@testable import Shared
import Testing

@Suite struct TransferTimersTests {
    private let start = ContinuousClock.now

    private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test func eachStageHasItsLimit() {
        let timeouts = HTTPTimeouts(firstByte: .seconds(10), idle: .seconds(5), total: .seconds(100))
        var timers = TransferTimers(timeouts, now: start)
        #expect(timers.errorStage == .connecting)
        #expect(timers.deadline == at(100), "the time to connect is libcurl's")
        timers.connected(now: at(20))
        #expect(timers.errorStage == .waiting)
        #expect(timers.deadline == at(30))
        #expect(timers.expiry(now: at(29)) == nil)
        #expect(timers.expiry(now: at(30)) == .firstByte(.seconds(10)))
        timers.received(now: at(29))
        #expect(timers.errorStage == .body)
        #expect(timers.expiry(now: at(34)) == .idle(.seconds(5)))
        timers.paused()
        #expect(timers.expiry(now: at(99)) == nil)
        #expect(timers.expiry(now: at(100)) == .total(.seconds(100)))
        timers.received(now: at(98))
        #expect(timers.deadline == at(100))
    }

    @Test func withoutLimitsThereIsNoDeadline() {
        var timers = TransferTimers(HTTPTimeouts(firstByte: nil), now: start)
        #expect(timers.deadline == nil)
        timers.connected(now: start)
        #expect(timers.deadline == nil)
        timers.received(now: start)
        #expect(timers.expiry(now: at(1 << 40)) == nil)
    }

    @Test(arguments: [
        (Duration.zero, Int64(0)), (.milliseconds(1), 1), (.microseconds(1999), 1), (.seconds(3), 3000),
        (.seconds(-3), -3000), (Duration(secondsComponent: .max, attosecondsComponent: 0), .max),
        (Duration(secondsComponent: .min, attosecondsComponent: 0), .min),
    ])
    func milliseconds(duration: Duration, expected: Int64) { #expect(duration.milliseconds == expected) }
}
