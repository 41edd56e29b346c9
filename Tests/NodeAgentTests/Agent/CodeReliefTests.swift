import Testing

@testable import NodeAgent

@Suite struct CodeReliefTests {
    @Test func itIsDueOnceWorkIsOver() {
        var relief = CodeRelief(at: .zero)
        var due: [Int] = []
        for second in 0...140 {
            // A pull lasts from 60 to 100.
            if 60...100 ~= second { relief.work(at: .seconds(second)) }
            if relief.isDue(at: .seconds(second)) { due.append(second) }
        }
        #expect(due == [30, 130])
    }

    @Test func itIsDueEachHourWithoutWork() {
        var relief = CodeRelief(at: .seconds(1000))
        let due = stride(from: 1000, to: 1000 + 3 * 3600, by: 10).filter { relief.isDue(at: .seconds($0)) }
        #expect(due == [1030, 1030 + 3600, 1030 + 7200])
    }
}
