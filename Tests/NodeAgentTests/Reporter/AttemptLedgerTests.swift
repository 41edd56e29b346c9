import Shared
import Testing

@testable import NodeAgent

@Suite struct AttemptLedgerTests {
    private func ledger(_ count: Int) -> AttemptLedger {
        var ledger = AttemptLedger()
        for _ in 0..<count { add(to: &ledger) }
        return ledger
    }

    private func add(to ledger: inout AttemptLedger) {
        ledger.append(
            .init(id: 1, reference: "app:1"), from: .zero, to: .seconds(1), result: .init(outcome: .failed))
    }

    @Test func anotherDatabaseGetsTheLastTenMinutes() {
        var ledger = ledger(2)
        ledger.answered(sent: [1, 2], acknowledged: 2, databaseID: "a", at: .seconds(10))
        #expect(ledger.due.isEmpty)
        add(to: &ledger)
        // The third attempt is stored in the new database, the first two aren't.
        ledger.answered(sent: [3], acknowledged: 3, databaseID: "b", at: .seconds(20))
        #expect(ledger.due.map(\.id) == [1, 2])
        #expect(ledger.hasNews)
        ledger.answered(sent: [1, 2], acknowledged: 2, databaseID: "b", at: .seconds(30))
        ledger.answered(sent: [], acknowledged: 3, databaseID: "b", at: .seconds(631))
        #expect(ledger.entries.isEmpty)
        ledger.answered(sent: [], acknowledged: 3, databaseID: "c", at: .seconds(700))
        #expect(ledger.due.isEmpty)
    }

    @Test func whatIsNotStoredIsSentAgainButIsNoNews() {
        var ledger = ledger(1)
        #expect(ledger.hasNews)
        ledger.answered(sent: [1], acknowledged: 0, databaseID: "", at: .zero)
        #expect(!ledger.hasNews)
        #expect(ledger.due.map(\.id) == [1])
        ledger.answered(sent: [1], acknowledged: 1, databaseID: "a", at: .zero)
        #expect(ledger.due.isEmpty)
    }

    @Test func thereIsABoundAndWhatIsStoredGoesFirst() {
        var ledger = ledger(AttemptLedger.capacity)
        ledger.answered(sent: [500], acknowledged: 500, databaseID: "a", at: .zero)
        add(to: &ledger)
        #expect(ledger.entries.count == AttemptLedger.capacity)
        #expect(!ledger.entries.contains { $0.id == 500 })
        add(to: &ledger)
        #expect(ledger.entries.first?.id == 2)
        #expect(ledger.entries.last?.id == UInt64(AttemptLedger.capacity) + 2)
    }

    @Test func aRefusalForSizeHalvesTheReport() {
        var ledger = ledger(10)
        ledger.halveLimit()
        #expect(ledger.due.map(\.id) == [1, 2, 3, 4, 5])
        for _ in 0..<9 { ledger.halveLimit() }
        #expect(ledger.due.map(\.id) == [1])
    }
}
