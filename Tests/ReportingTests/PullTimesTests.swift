import Testing
@testable import Formatting
@testable import History
@testable import HistoryFixtures
@testable import Reporting

@Suite("How long pulls take, by history") struct PullTimesTests {
    @Test("Asking whether a tag has moved is no pull: what it took changes no pull time and no speed")
    func refreshes() async throws {
        let store = memoryStore()
        func pull(_ id: Int64, seconds: Int64, bytes: Int64) -> AttemptRecord {
            var record = attempt("n1", id, endedAt: 1_000_000 + id)
            record.startedAt = record.endedAt - seconds * 1000
            record.bytes = bytes
            return record
        }
        #expect(await store.record(attempts: [2, 10, 19].map { pull($0, seconds: $0, bytes: 120_000_000) }))
        func measured() async throws -> (median: Double?, all: Double?, speed: Double?, past: ImagePast) {
            try await store.read { db in
                let medians = try PullTimes.medians(since: 0, db)
                let speeds = try PullTimes.speeds(since: 0, db)
                return (medians["nginx"], medians[""], speeds["nginx"], try ImagePast.read("nginx", since: 0, db))
            }
        }
        let before = try await measured()
        #expect(before.median == 10 && before.all == 10 && before.speed == 12_000_000)
        #expect(await store.record(attempts: (100..<150).map { pull($0, seconds: 0, bytes: 0) }))
        let after = try await measured()
        #expect(after.median == 10 && after.all == 10 && after.speed == 12_000_000)
        #expect(Quantiles(after.past.pullSeconds) == Quantiles(before.past.pullSeconds))

        let list = AttemptList(
            try await store.attempts(AttemptQuery(limit: 51)), evidence: .runtimes, names: EntryNames())
        let lines = list.text(TextStyle(isColoured: false), width: 80, failed: false, all: true)
            .flatMap { $0.split(separator: "\n") }
        #expect(lines[1].contains("unchanged") && !lines[1].contains("MB"))
        #expect(lines[51].contains("120 MB  succeeded"))
        #expect(list.items[0].outcome == "succeeded" && list.items[0].bytes == nil)
    }
}
