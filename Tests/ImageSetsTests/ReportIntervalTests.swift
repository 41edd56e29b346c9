import Testing

@testable import ImageSets

@Suite("How often agents speak, by the size of the fleet") struct ReportIntervalTests {
    @Test(
        "10 s in small fleets, 30 s in large ones, and never less in a larger one",
        arguments: [(0, 10), (3, 10), (1_000, 10), (20_000, 30), (130_000, 30), (Int.max, 30)])
    func bounds(nodes: Int, seconds: Int) {
        #expect(ReportInterval.heartbeatSeconds(nodes: nodes) == seconds)
        #expect(Configuration().heartbeatSeconds(nodes: nodes) == seconds)
    }

    @Test("It grows with the fleet")
    func grows() {
        let all = stride(from: 0, through: 30_000, by: 10).map { ReportInterval.heartbeatSeconds(nodes: $0) }
        #expect(all == all.sorted())
        #expect(Set(all) == Set(10...30))
    }
}
