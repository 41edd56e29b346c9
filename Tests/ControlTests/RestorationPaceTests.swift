import Testing

@testable import Control

@Suite("How often a DaemonSet is restored") struct RestorationPaceTests {
    @Test("The same difference is repaired once in ten minutes, another one at once")
    func sameDrift() {
        var pace = RestorationPace()
        let start = ContinuousClock.now
        #expect(pace.pause(["a"], at: start) == nil)
        #expect(pace.pause(["a"], at: start + .seconds(60)) == .seconds(540))
        #expect(pace.pause(["a", "b"], at: start + .seconds(120)) == nil, "b is new")
        #expect(pace.pause(["b"], at: start + .seconds(130)) == .seconds(590))
        #expect(pace.pause(["a"], at: start + .seconds(721)) == nil)
    }

    @Test("Whoever deletes it again and again waits longer and longer")
    func deleted() {
        var pace = RestorationPace()
        let start = ContinuousClock.now
        for second in 0..<RestorationPace.free { #expect(pace.pause([], at: start + .seconds(second)) == nil) }
        let pauses = (6..<10).compactMap { pace.pause([], at: start + .seconds($0)) }
        #expect(pauses == [.seconds(5), .seconds(10), .seconds(20), .seconds(40)])
    }
}
