import Foundation
import GRDB
import Testing

@testable import History
@testable import HistoryFixtures

@Suite struct HistoryBackupTests {
    @Test func whatADownloadLeftBehindIsRemoved() async throws {
        let folder = try HistoryFolder()
        let copy = HistoryFile(path: folder.database).newDownload()
        let others = [
            "other.sqlite.1.download", "history.sqlite.mine.download", "history.sqlite.2.partial", "1.download",
        ]
        let leftovers = [copy, "\(copy).partial", "\(copy).partial-journal"]
        for file in leftovers + others.map({ "\(folder.path)/\($0)" }) {
            #expect(FileManager.default.createFile(atPath: file, contents: Data([1])))
        }
        let store = folder.store()
        await store.open()
        let names = try folder.names()
        for file in leftovers { #expect(!names.contains(String(file.dropFirst(folder.path.count + 1)))) }
        #expect(Set(others).isSubset(of: names))
        await store.close()
    }

    @Test func aBackupMadeWhileWritingIsWhole() async throws {
        let folder = try HistoryFolder()
        let store = folder.store()
        for round in 0..<100 as Range<Int64> {
            // Two cells that always change together.
            await store.record(transitions: [
                transition("a", "x", round % 2 == 0 ? .present : .missing, at: round),
                transition("b", "x", round % 2 == 0 ? .present : .missing, at: round),
            ])
        }
        let writer = Task {
            var round: Int64 = 100
            while !Task.isCancelled {
                await store.record(transitions: [
                    transition("a", "x", round % 2 == 0 ? .present : .missing, at: round),
                    transition("b", "x", round % 2 == 0 ? .present : .missing, at: round),
                ])
                round += 1
            }
        }
        let target = folder.path + "/copy.sqlite"
        try await store.backup(to: target)
        writer.cancel()
        await writer.value
        #expect(try folder.names().filter { $0.hasPrefix("copy") } == ["copy.sqlite"])

        let copy = HistoryStore(HistoryConfiguration(location: .file(target)))
        let items = try await copy.transitions(TransitionQuery(limit: 100_000)).items
        #expect(items.count >= 200)
        #expect(items.filter { $0.node == "a" }.map(\.at) == items.filter { $0.node == "b" }.map(\.at))
        let check = try await copy.read { db in try String.fetchAll(db, sql: "PRAGMA integrity_check") }
        #expect(check == ["ok"])
        // Restored, it is another database: agents send again what it may lack.
        #expect(await copy.health.databaseID != nil)
        #expect(await copy.health.databaseID != store.health.databaseID)
        await copy.close()
        await store.close()
    }

    @Test func nothingIsOverwritten() async throws {
        let folder = try HistoryFolder()
        let store = folder.store()
        await store.open()
        let target = folder.path + "/copy.sqlite"
        try Data("mine".utf8).write(to: URL(fileURLWithPath: target))
        await #expect(throws: HistoryError.self) { try await store.backup(to: target) }
        await #expect(throws: HistoryError.self) { try await store.backup(to: "/nonexistent/copy") }
        #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == Data("mine".utf8))
        #expect(try folder.names().contains { $0.contains("partial") } == false)
        await store.close()
    }
}
