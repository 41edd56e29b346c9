import Testing

@testable import Control

@Suite("The rate of requests") struct RequestPaceTests {
    @Test("As many as come at once are spread over time, and none waits when there are few")
    func paced() async {
        let pace = RequestPace(perSecond: 20)
        let start = ContinuousClock.now
        await pace.turn()
        #expect(start.duration(to: .now) < .seconds(1))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<40 { group.addTask { await pace.turn() } }
        }
        #expect(start.duration(to: .now) >= .seconds(2))
    }
}
