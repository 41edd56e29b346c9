import Foundation
import Testing

@testable import Control
@testable import ControlFixtures
@testable import Coordinator
@testable import History
@testable import HistoryFixtures
@testable import Leadership
@testable import TestBasics

@Suite("The work of a leader") struct LeadingWorkTests {
    @Test("A database that was set aside is told of once, with its place", .timeLimit(.minutes(2)))
    func setAside() async throws {
        let folder = try HistoryFolder()
        try Data(repeating: 7, count: 50_000).write(to: URL(fileURLWithPath: folder.database))
        let book = LogBook()
        let store = folder.store()
        let work = LeadingWork(
            leadership: .alone(), history: store, clock: CoordinatorClock(), logger: book.logger)
        let loop = Stage(history: StoredHistory(store: store)).loop
        let task = Task { try await work.keepHistory(of: loop) }
        #expect(await soon { !book.lines.isEmpty })
        // The first heartbeat is over when the run has a row.
        #expect(await soon { await store.health.commits > 0 })
        task.cancel()
        _ = await task.result
        await store.close()
        let lines = book.lines.filter { $0.contains("corrupted") }
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix("error ") ?? false)
        #expect(lines.first?.contains("kept=\(folder.database).corrupt-20231114T221320Z") ?? false, "\(lines)")
    }
}
