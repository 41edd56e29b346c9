import Foundation
import GRDB
import Testing

@testable import History
@testable import HistoryFixtures

@Suite struct HistorySchemaTests {
    @Test func databaseIsMadeAndFoundAgain() async throws {
        let folder = try HistoryFolder()
        let first = folder.store()
        let id = try #require(await first.open().databaseID)
        #expect(id.count == 32)
        #expect(await first.record(transitions: [transition("a", "nginx", .present, at: 1)]))
        await first.close()
        #expect(try folder.names() == ["history.sqlite", "history.sqlite.lock"])

        let second = folder.store()
        #expect(await second.open().databaseID == id)
        #expect(try await second.currentCells().map(\.node) == ["a"])
        await second.close()
    }

    @Test func databasesHaveDifferentIDs() async throws {
        let ids = [await memoryStore().open().databaseID, await memoryStore().open().databaseID]
        #expect(ids[0] != nil && ids[0] != ids[1])
    }

    @Test func filesAreMadeAsTheyShouldBe() async throws {
        let folder = try HistoryFolder()
        let store = folder.store()
        await store.open()
        let pragmas = try await store.write { session in
            try ["journal_mode", "synchronous", "auto_vacuum", "application_id", "foreign_keys"].map { name in
                try String.fetchOne(session.db, sql: "PRAGMA \(name)") ?? ""
            }
        }
        #expect(pragmas == ["wal", "2", "2", String(HistoryFile.applicationID), "1"])
        await store.close()
        #expect(try HistoryFile(path: folder.database).content() == .ours)
    }

    @Test func aNewerSchemaIsRefusedAndLeftAlone() async throws {
        let folder = try HistoryFolder()
        let old = folder.store()
        await old.open()
        try await old.write { session in
            try session.db.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('999 from the future')")
        }
        await old.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: folder.database))

        let store = folder.store()
        let failure = try #require(await store.open().failure)
        #expect(failure.kind == .newerSchema)
        #expect(failure.description.contains("999 from the future"))
        #expect(failure.description.contains(folder.database))
        #expect(await store.record(transitions: [transition("a", "nginx", .present, at: 1)]) == false)
        #expect(await store.health.droppedWrites == 1)
        await #expect(throws: HistoryError.self) { try await store.currentCells() }
        await store.close()
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.database)) == before)
        #expect(try folder.names() == ["history.sqlite", "history.sqlite.lock"])
    }

    @Test func anotherProgramsDatabaseIsLeftAlone() async throws {
        let folder = try HistoryFolder()
        let other = try DatabaseQueue(path: folder.database)
        try await other.write { db in try db.execute(sql: "CREATE TABLE precious (value)") }
        try other.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: folder.database))

        let store = folder.store()
        #expect(await store.open().failure?.kind == .foreignFile)
        await store.close()
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.database)) == before)
    }

    @Test func codesNeverChange() {
        #expect(RecordedState.allCases.map(\.rawValue) == Array(0...5))
        #expect(
            RecordedState.allCases.map { "\($0)" } == ["none", "missing", "pulling", "failed", "present", "held"])
        #expect(
            RecordedReason.allCases.map { "\($0)" } == [
                "none", "notFound", "unauthorized", "invalidReference", "noMatchingPlatform", "rateLimited",
                "registryUnavailable", "network", "tls", "diskFull", "timeout", "cancelled", "runtimeUnavailable",
                "unknown", "corruptContent", "nodeStorage", "unsupportedImage", "policyRejected",
            ])
        #expect(RecordedReason.allCases.map(\.rawValue) == Array(0...17))
        #expect(
            RecordedOutcome.allCases.map { "\($0)" } == [
                "unspecified", "succeeded", "failed", "cancelled", "timedOut",
            ])
    }

    /// A list over millions of rows must never read them all, whatever it is filtered by.
    @Test(arguments: [
        HistoryFilter(), HistoryFilter(node: "a"), HistoryFilter(image: "nginx"),
        HistoryFilter(node: "a", image: "nginx"), HistoryFilter(since: 5, until: 9),
        HistoryFilter(image: "nginx", since: 5),
    ])
    func listsUseAnIndex(_ filter: HistoryFilter) async throws {
        let store = memoryStore()
        for after in [nil, HistoryCursor(at: 7, id: 3)] {
            let texts = try await store.statements { db in
                _ = try TransitionQuery(filter: filter, after: after).page(db)
                _ = try AttemptQuery(filter: filter, after: after).page(db)
                _ = try AttemptQuery(filter: filter, failedOnly: true, after: after).page(db)
                _ = try TransitionQuery.following(5, limit: 10, db)
            }
            #expect(texts.count == 4)
            let plans = try await store.read { db in
                try texts.flatMap { text in
                    try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(text)").map { $0["detail"] as String }
                }
            }
            let scans = plans.filter { $0.hasPrefix("SCAN") && !$0.contains("USING INDEX") }
            #expect(scans == [], "\(filter)")
            // Only the few rows of one node, or of one image of one node, may be sorted.
            if filter.node == nil {
                #expect(!plans.contains { $0.contains("USE TEMP B-TREE FOR ORDER BY") }, "\(filter): \(plans)")
            }
        }
    }
}
