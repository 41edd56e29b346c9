import Shared
import Testing

@testable import KubernetesClient

@Suite struct ReflectorStateTests {
    private let backoff = ReflectorState.Backoff(initial: .seconds(1), maximum: .seconds(8))
    private static let worst: @Sendable (ClosedRange<Double>) -> Double = { $0.upperBound }

    private static func error(_ status: Int?, _ reason: String = "InternalError") -> KubernetesError {
        KubernetesError(operation: "watch x", status: status, reason: reason, message: "")
    }

    @Test func pausesDoubleToACapAndProgressResetsThem() {
        var state = ReflectorState(backoff: backoff)
        var pauses: [ReflectorState.Step] = []
        for _ in 0..<5 {
            #expect(state.next() == .list)
            state.listFailed(nil, random: Self.worst)
            pauses.append(state.next())
        }
        #expect(pauses == [1, 2, 4, 8, 8].map { .pause(.seconds($0)) })
        state.listed(resourceVersion: "1")
        #expect(state.next() == .watch(resourceVersion: "1"))
        state.watchFailed(Self.error(nil), random: Self.worst)
        #expect(state.next() == .pause(.seconds(8)))  // a list alone doesn't prove that watches work
        state.progressed(resourceVersion: "2")
        state.watchFailed(Self.error(nil), random: Self.worst)
        #expect(state.next() == .pause(.seconds(1)))
        #expect(state.next() == .watch(resourceVersion: "2"))
    }

    @Test func aServersWishIsHeededWithinReason() {
        var state = ReflectorState(backoff: backoff)
        let asked = KubernetesError(
            operation: "list", status: 429, reason: "TooManyRequests", message: "", retryAfter: .seconds(30))
        state.listFailed(asked, random: Self.worst)
        #expect(state.next() == .pause(.seconds(30)))
        let hour = KubernetesError(
            operation: "list", status: 429, reason: "TooManyRequests", message: "", retryAfter: .seconds(3600))
        state.listFailed(hour, random: Self.worst)
        #expect(state.next() == .pause(.seconds(60)))
    }

    @Test func refusalsListAnewAndOutagesResume() {
        func after(_ error: KubernetesError?, times: Int = 1) -> ReflectorState.Step {
            var state = ReflectorState(backoff: backoff)
            state.listed(resourceVersion: "5")
            for _ in 0..<times {
                state.watchFailed(error, random: Self.worst)
                _ = state.next()
            }
            return state.next()
        }
        #expect(after(Self.error(410, "Expired")) == .list)
        #expect(after(Self.error(400, "BadRequest")) == .list)
        #expect(after(Self.error(500)) == .watch(resourceVersion: "5"))
        #expect(after(Self.error(403, "Forbidden"), times: 3) == .watch(resourceVersion: "5"))
        #expect(after(Self.error(500), times: 4) == .list)
        // However long the server is away: listing anew would only add to its load when it's back.
        #expect(after(Self.error(nil, "NoAnswer"), times: 100) == .watch(resourceVersion: "5"))
        #expect(after(nil, times: 100) == .watch(resourceVersion: "5"))
    }

    @Test func watchesThatEndAtOnceAreFailures() {
        var state = ReflectorState(backoff: backoff)
        state.listed(resourceVersion: "5")
        state.watchEnded(wasShort: false, random: Self.worst)
        #expect(state.next() == .watch(resourceVersion: "5"))
        state.watchEnded(wasShort: true, random: Self.worst)
        #expect(state.next() == .pause(.seconds(1)))
        #expect(state.next() == .watch(resourceVersion: "5"))
    }

    @Test func anEmptyResourceVersionIsNoPlaceToResume() {
        var state = ReflectorState(backoff: backoff)
        state.listed(resourceVersion: "5")
        state.progressed(resourceVersion: "")
        state.progressed(resourceVersion: nil)
        #expect(state.next() == .watch(resourceVersion: "5"))
    }
}
