import Cluster
import Planning
import Testing

@testable import Control

@Suite("Agents that nobody hears") struct UnheardAgentsTests {
    private static func at(_ seconds: Double) -> Timestamp { Timestamp(milliseconds: 0) + seconds }

    @Test("Told once, within two minutes, when agents run and none was ever heard")
    func told() {
        var unheard = UnheardAgents()
        #expect(unheard.update(running: 0, heard: false, at: Self.at(0)) == nil)
        #expect(unheard.update(running: 3, heard: false, at: Self.at(100)) == nil)
        #expect(unheard.update(running: 4, heard: false, at: Self.at(159)) == nil)
        #expect(unheard.update(running: 4, heard: false, at: Self.at(161)) == 4)
        #expect(unheard.update(running: 4, heard: false, at: Self.at(300)) == nil, "once")
    }

    @Test("One that was heard shows that the way is open, and a pause without agents begins anew")
    func heard() {
        var unheard = UnheardAgents()
        #expect(unheard.update(running: 3, heard: false, at: Self.at(0)) == nil)
        #expect(unheard.update(running: 0, heard: false, at: Self.at(50)) == nil)
        #expect(unheard.update(running: 3, heard: false, at: Self.at(90)) == nil)
        #expect(unheard.update(running: 3, heard: true, at: Self.at(140)) == nil)
        #expect(unheard.update(running: 3, heard: false, at: Self.at(900)) == nil)
    }
}
