import GRDB
import Testing

@testable import History
@testable import HistoryFixtures

/// Costs that don't depend on the machine: pages and statements. Months of history stand on them.
@Suite struct HistorySizeTests {
    @Test func aTransitionTakesFewBytes() async throws {
        let folder = try HistoryFolder()
        let store = folder.store()
        let start: Int64 = 1_700_000_000_000
        for round in 0..<50 as Range<Int64> {
            // 2,000 cells, in another order each time.
            let records = (0..<2000).map { number in
                let cell = (number &* 7919 + Int(round) * 31) % 2000
                return transition(
                    "node-\(cell / 20)", "registry.example.com/team/image-\(cell % 20):1",
                    round % 2 == 0 ? .present : .missing, at: start + round * 60_000 + Int64(number),
                    digest: round % 2 == 0 ? "sha256:\(cell % 20)" : nil)
            }
            await store.record(transitions: records)
        }
        let pages = try await store.read { db in
            let rows = try Int.fetchOne(db, sql: "SELECT count(*) FROM transitions")
            #expect(rows == 100_000)
            return try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        }
        let bytes = Double(pages * 4096) / 100_000
        // Five million of them in 600 MB would be 120 each; attempts take their share.
        #expect(bytes < 95, "\(bytes) bytes for one transition")
        await store.close()
    }

    @Test func aTransitionTakesFewStatements() async throws {
        let store = memoryStore()
        await store.record(transitions: [transition("a", "x", .present, at: 0)])
        let count = try await store.write { session in
            let texts = StatementLog()
            session.db.trace { texts.add($0.description) }
            defer { session.db.trace() }
            for at in 1...1000 as ClosedRange<Int64> {
                try session.record(transition("a", "x", at % 2 == 0 ? .present : .missing, at: at))
            }
            return texts.all.count
        }
        #expect(count == 3000)
    }
}
