import Testing

@testable import NodeAgent

@Suite struct CodeReliefTests {
    @Test func itIsDueOnceWorkIsOver() {
        var relief = CodeRelief(at: .zero)
        #expect(!relief.isDue(at: .seconds(29)))
        #expect(relief.isDue(at: .seconds(30)))
        #expect(!relief.isDue(at: .seconds(31)))
        // A pull lasts until 100.
        for second in 60...100 {
            relief.work(at: .seconds(second))
            #expect(!relief.isDue(at: .seconds(second)))
        }
        #expect(!relief.isDue(at: .seconds(129)))
        #expect(relief.isDue(at: .seconds(130)))
        #expect(!relief.isDue(at: .seconds(140)))
    }

    @Test func itIsDueEachHourWithoutWork() {
        var relief = CodeRelief(at: .seconds(1000))
        let due = stride(from: 1000, to: 1000 + 3 * 3600, by: 10).filter { relief.isDue(at: .seconds($0)) }
        #expect(due == [1030, 1030 + 3600, 1030 + 7200])
    }
}
