import GRDB
import Testing

@testable import History
@testable import HistoryFixtures

@Suite struct HistoryRecordingTests {
    @Test func transitionsChain() async throws {
        let store = memoryStore()
        #expect(
            await store.record(transitions: [
                transition("a", "nginx", .missing, at: 10),
                transition("a", "nginx", .pulling, at: 20),
                transition("a", "nginx", .failed, at: 30, reason: .notFound),
                transition("a", "nginx", .failed, at: 40, reason: .unauthorized),
                transition("a", "nginx", .present, at: 50, digest: "sha256:1"),
                transition("a", "nginx", .held, at: 60),
                transition("a", "nginx", .held, at: 70, digest: "sha256:2"),
                transition("a", "nginx", .none, at: 80),
            ]))
        let items = try await store.transitions().items.reversed()
        #expect(items.map(\.from) == [.none, .missing, .pulling, .failed, .failed, .present, .held, .held])
        #expect(items.map(\.to) == [.missing, .pulling, .failed, .failed, .present, .held, .held, .none])
        #expect(items.map(\.at) == [10, 20, 30, 40, 50, 60, 70, 80])
        #expect(
            items.map(\.digest) == [nil, nil, nil, nil, "sha256:1", "sha256:1", "sha256:2", nil])
        #expect(items.map(\.reason)[2...3] == [.notFound, .unauthorized])
        #expect(try await store.currentCells() == [])
    }

    @Test func whatChangesNothingIsNotStored() async throws {
        let store = memoryStore()
        let present = transition("a", "nginx", .present, at: 10, digest: "sha256:1")
        await store.record(transitions: [present])
        var later = present
        later.at = 20
        await store.record(transitions: [later, transition("a", "nginx", .present, at: 30)])
        await store.record(transitions: [transition("b", "nginx", .none, at: 30)])
        #expect(try await store.transitions().items.map(\.at) == [10])
        let cell = try #require(try await store.currentCells().first)
        #expect(cell.since == 10 && cell.digest == "sha256:1")
    }

    @Test func attemptsAreStoredOnce() async throws {
        let store = memoryStore()
        let first = attempt("a", 1)
        #expect(await store.record(attempts: [first, attempt("a", 2), first]))
        #expect(await store.record(attempts: [first]))
        var changed = first
        changed.outcome = .failed
        #expect(await store.record(attempts: [changed]))
        // Another boot, and another node with a boot of the same name, count their own.
        #expect(await store.record(attempts: [attempt("a", boot: "next", 1), attempt("b", 1)]))
        let items = try await store.attempts().items.map(\.attempt)
        #expect(items.count == 4)
        #expect(items.filter { $0.node == "a" && $0.bootID == "boot" && $0.attemptID == 1 } == [first])
    }

    @Test func concurrentCopiesOfAttemptsAreStoredOnce() async throws {
        let folder = try HistoryFolder()
        let store = folder.store()
        await withTaskGroup { group in
            for _ in 0..<20 {
                group.addTask { await store.record(attempts: (1...10).map { attempt("a", $0) }) }
            }
        }
        #expect(try await store.count("attempts") == 10)
        await store.close()
    }

    @Test func textsAreInterned() async throws {
        let store = memoryStore()
        for round in 0..<20 as Range<Int64> {
            for node in ["a", "b", "c"] {
                await store.record(transitions: [
                    transition(
                        node, "nginx", round % 2 == 0 ? .present : .held, at: round,
                        digest: "sha256:\(round / 10)")
                ])
                await store.record(attempts: [
                    attempt(node, round, outcome: .failed, message: "no route to host")
                ])
            }
        }
        let rows = try await store.statistics().rows
        #expect(rows["nodes"] == 3 && rows["images"] == 1 && rows["digests"] == 2 && rows["messages"] == 1)
        #expect(rows["transitions"] == 60 && rows["attempts"] == 60)
        let types = try await store.read { db in
            try String.fetchSet(
                db,
                sql: """
                    SELECT typeof(node_id) || typeof(image_id) || typeof(to_state) || typeof(digest_id) || typeof(at)
                    FROM transitions
                    """)
        }
        #expect(types == ["integerintegerintegerintegerinteger"])
    }

    @Test func aFailedWriteTakesNothingElseWithIt() async throws {
        struct Refused: Error {}
        let store = memoryStore()
        await #expect(throws: HistoryError.self) {
            try await store.write { session in
                try session.record(transition("new", "new", .present, at: 1))
                throw Refused()
            }
        }
        // The ids that were given to its names are gone with it, and aren't remembered.
        #expect(await store.record(transitions: [transition("other", "other", .present, at: 2)]))
        #expect(await store.record(transitions: [transition("new", "new", .missing, at: 3)]))
        let cells = try await store.currentCells()
        #expect(Set(cells.map { "\($0.node) \($0.image) \($0.state)" }) == ["other other present", "new new missing"])
    }

    @Test func longMessagesAreCutAtACharacter() async throws {
        let store = memoryStore()
        let message = String(repeating: "é", count: 5000)
        await store.record(attempts: [attempt("a", 1, outcome: .failed, message: "x" + message)])
        let stored = try #require(try await store.attempts().items.first?.attempt.message)
        #expect(stored.utf8.count == AttemptRecord.maximumMessageBytes - 1)
        #expect(stored.hasSuffix("é"))
    }

    @Test func revisions() async throws {
        let store = memoryStore()
        #expect(try await store.lastAcceptedRevision(imageSet: "ns/images") == nil)
        let first = RevisionRecord(
            imageSet: "ns/images", number: 1, at: 10, data: ["IMAGES": "a=nginx;", "NAMESPACE": "é\"\n"])
        var rejected = first
        rejected.number = nil
        rejected.at = 20
        rejected.findings = #"[{"key":"IMAGES"}]"#
        let other = RevisionRecord(imageSet: "ns/others", number: 7, at: 30, data: [:])
        for revision in [first, rejected, other] { #expect(await store.record(revision: revision)) }
        #expect(try await store.lastAcceptedRevision(imageSet: "ns/images") == first)
        #expect(try await store.revisions(imageSet: "ns/images", limit: 10) == [rejected, first])
        #expect(!rejected.isAccepted && first.isAccepted)
    }
}
