import Shared
import Testing

@testable import NodeAgent

@Suite("What of the inventory is due") struct InventoryLedgerTests {
    private func image(_ number: Int) -> WireImage {
        var image = WireImage()
        image.id = "sha256:\(number)"
        return image
    }

    @Test("What changes while a full report is under way is told, however much it is")
    func changesMeanwhile() throws {
        var ledger = InventoryLedger()
        ledger.take([image(0)], at: .seconds(1))
        let sent = ledger.mark
        // So much that a full report is due again: what is under way doesn't hold it.
        for round in 1...100 { ledger.take([image(round)], at: .seconds(1 + round)) }
        ledger.acknowledge(upTo: sent, wasFull: true)
        guard case .full(let full)? = ledger.due(since: 1) else {
            Issue.record("nothing full is due")
            return
        }
        #expect(full.images == [image(100)])
        ledger.acknowledge(upTo: ledger.mark, wasFull: true)
        #expect(!ledger.isDue)
    }
}
