import Testing

@testable import NodeAgent

@Suite struct ListingPaceTests {
    @Test func whatHasComeIsWatchedForAMomentAndNotForEver() {
        var pace = ListingPace()
        #expect(pace.pause(unheld: []) == nil)
        let pauses = (0..<10).map { _ in pace.pause(unheld: ["a"]) }
        #expect(pauses.prefix(4) == [.seconds(1), .seconds(1), .seconds(2), .seconds(4)])
        #expect(pauses.dropFirst(4).allSatisfy { $0 == nil }, "its container doesn't start")
        #expect(pace.pause(unheld: ["a", "b"]) == .seconds(1), "another one has come")
        #expect(pace.pause(unheld: ["b"]) == .seconds(1))
        #expect(pace.pause(unheld: []) == nil)
        #expect(pace.pause(unheld: ["b"]) == .seconds(1), "it was released")
    }
}
