import GRDB
import Testing
@testable import History
@testable import HistoryFixtures

@Suite struct HistoryRetentionTests {
    @Test func theLastRowBeforeTheHorizonStays() async throws {
        let store = memoryStore()
        await store.record(transitions: [
            transition("a", "x", .missing, at: 10), transition("a", "x", .pulling, at: 20),
            transition("a", "x", .present, at: 30), transition("a", "x", .missing, at: 110),
            transition("a", "y", .present, at: 10),
            transition("a", "gone", .present, at: 10), transition("a", "gone", .none, at: 20),
            transition("a", "going", .present, at: 10), transition("a", "going", .none, at: 100),
        ])
        let result = try await store.prune(before: 100)
        #expect(result.transitions == 4)
        let left = try await store.transitions().items.map { "\($0.image) \($0.to) \($0.at)" }
        #expect(Set(left) == ["x present 30", "x missing 110", "y present 10", "going present 10", "going none 100"])
        #expect(try await store.moment(at: 99, imageSet: "").isBeforeHorizon)
        #expect(try await store.moment(at: 100, imageSet: "").isBeforeHorizon == false)
        #expect(try await store.statistics().horizon == 100)
        #expect(try await store.prune(before: 50).transitions == 0)
        #expect(try await store.statistics().horizon == 100)
    }

    @Test func nothingOfNodesThatLeftLongAgoStays() async throws {
        let store = memoryStore()
        await store.startRun(at: 0)
        for node in 0..<30 as Range<Int64> {
            let name = "node-\(node)"
            await store.record(nodeEvents: [
                NodeEventRecord(node: name, event: .joined(labels: ["n": name]), at: node),
                NodeEventRecord(node: name, event: .heard, at: node),
            ])
            await store.record(transitions: [
                transition(name, "x", .missing, at: node), transition(name, "x", .present, at: node + 1),
            ])
            await store.record(attempts: [attempt(name, 1, endedAt: node + 1)])
            if node < 28 {
                await store.record(nodeEvents: [NodeEventRecord(node: name, event: .left, at: node + 5)])
            }
        }
        try await store.prune(before: 1000, stepRows: 7)
        let rows = try await store.statistics().rows
        #expect(rows["nodes"] == 2 && rows["cells"] == 2 && rows["transitions"] == 2 && rows["attempts"] == 0)
        #expect(rows["node_events"] == 4)
        #expect(try await store.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM boots") } == 0)
        // One that comes back begins anew.
        await store.record(nodeEvents: [NodeEventRecord(node: "node-3", event: .joined(labels: [:]), at: 2000)])
        await store.record(transitions: [transition("node-3", "x", .present, at: 2001)])
        #expect(try await store.transitions(TransitionQuery(limit: 1)).items.map(\.from) == [.none])
    }

    @Test func attemptsMessagesRevisionsAndRuns() async throws {
        let store = memoryStore()
        await store.startRun(at: 0)
        await store.endRun(at: 20)
        await store.startRun(at: 30)
        for (id, at) in [(1, 10), (2, 99), (3, 100)] as [(Int64, Int64)] {
            await store.record(attempts: [attempt("a", id, outcome: .failed, endedAt: at, message: "at \(at)")])
            await store.record(revision: RevisionRecord(imageSet: "s", number: id, at: at, data: [:]))
            await store.record(revision: RevisionRecord(imageSet: "s", number: nil, at: at, data: [:]))
        }
        let result = try await store.prune(before: 100)
        #expect(result.attempts == 2)
        #expect(try await store.attempts().items.map(\.attempt.message) == ["at 100"])
        #expect(try await store.count("messages") == 1)
        #expect(try await store.revisions(imageSet: "s", limit: 10).map(\.number) == [nil, 3, 2])
        #expect(try await store.count("coordinator_runs") == 1)
        #expect(try await store.moment(at: 100, imageSet: "s").run?.startedAt == 30)
    }

    @Test("A listener that missed what was dropped is told so, and no other")
    func gapsAreKnown() async throws {
        let store = memoryStore()
        await store.record(revision: RevisionRecord(imageSet: "s", number: 1, at: 5, data: [:]))
        await store.record(revision: RevisionRecord(imageSet: "other", number: 1, at: 5, data: [:]))
        await store.record(transitions: [
            transition("a", "y", .present, at: 10), transition("a", "x", .missing, at: 10),
            transition("a", "x", .pulling, at: 20), transition("a", "x", .present, at: 30),
            transition("a", "x", .held, at: 110),
        ])
        func heard(_ transition: Int64, _ revision: Int64) async throws -> [String] {
            let position = EventPosition(transition: transition, revision: revision)
            return try await store.read { db in
                try EventQuery.following(position, imageSet: "s", limit: 10, db)
            }.map { "\($0.name) \($0.position)" }
        }
        #expect(try await heard(3, 2) == ["transition 4-2", "transition 5-2"])
        try await store.prune(before: 100)
        // Transitions 2 and 3 are gone; 1 and 4 are the last ones of their cells before the horizon.
        #expect(try await heard(3, 2) == ["transition 4-2", "transition 5-2"])
        for position in 0...2 as ClosedRange<Int64> { #expect(try await heard(position, 2) == ["reset 5-2"]) }

        // A revision that another one replaced before the horizon; one of another list doesn't matter.
        await store.record(revision: RevisionRecord(imageSet: "s", number: 2, at: 120, data: [:]))
        await store.record(revision: RevisionRecord(imageSet: "s", number: 3, at: 130, data: [:]))
        await store.record(revision: RevisionRecord(imageSet: "other", number: 2, at: 130, data: [:]))
        await store.record(revision: RevisionRecord(imageSet: "s", number: nil, at: 140, data: [:]))
        try await store.prune(before: 200)
        #expect(try await heard(5, 2) == ["reset 5-6"])
        #expect(
            try await heard(5, 3) == ["revision 5-4", "revision 5-6"], "the newest stays: its id isn't given again")
    }

    @Test("A listener hears of the gaps that nodes and cells leave which are no more")
    func gapsOfWhatIsNoMore() async throws {
        for isCell in [true, false] {
            let store = memoryStore()
            await store.record(nodeEvents: [NodeEventRecord(node: "a", event: .joined(labels: [:]), at: 1)])
            await store.record(transitions: [transition("a", "x", isCell ? .none : .present, at: 2)])
            if isCell { await store.record(transitions: [transition("a", "x", .present, at: 3)]) }
            await store.record(transitions: [transition("a", "x", isCell ? .none : .missing, at: 4)])
            if !isCell { await store.record(nodeEvents: [NodeEventRecord(node: "a", event: .left, at: 5)]) }
            try await store.prune(before: 100)
            let (left, newest) = try await store.read { db in
                (try Int64.fetchOne(db, sql: "SELECT count(*) FROM transitions"), try EventQuery.newest(db))
            }
            #expect(left == 0 && newest.transition >= 2)
            let before = EventPosition(transition: newest.transition - 1, revision: 0)
            let items = try await store.read { db in
                try EventQuery.following(before, imageSet: "s", limit: 10, db)
            }
            #expect(items.map(\.name) == ["reset"], "the last row of a cell was dropped too")
        }
    }

    @Test func itWorksInSmallStepsAndGivesSpaceBack() async throws {
        let folder = try HistoryFolder()
        let store = folder.store()
        for round in 0..<40 as Range<Int64> {
            await store.record(
                transitions: (0..<250).map {
                    transition("node-\($0)", "x", round % 2 == 0 ? .present : .missing, at: round)
                })
        }
        let before = try await store.statistics()
        #expect(before.rows["transitions"] == 10_000)
        let commits = await store.health.commits
        let result = try await store.prune(before: 1000, stepRows: 500)
        #expect(result.transitions == 9_750)
        #expect(result.steps >= 20)
        #expect(await store.health.commits - commits >= 20)
        let after = try await store.statistics()
        #expect(after.rows["transitions"] == 250)
        let pages = try await store.read { db in try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0 }
        #expect(pages * 4096 < Int(before.bytes) / 2)
        #expect(after.freeBytes * 4 < pages * 4096)
        await store.close()
    }

    @Test func imagesThatNothingRefersToGo() async throws {
        let store = memoryStore()
        for number in 0..<50 as Range<Int64> {
            var one = attempt("n", number, endedAt: 10)
            one.image = "made-up-\(number)"
            await store.record(attempts: [one])
        }
        await store.record(transitions: [
            transition("n", "listed", .present, at: 10), transition("n", "newest", .present, at: 2000),
        ])
        try await store.prune(before: 1000)
        #expect(try await store.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM images") } == 2)
        // One that comes again is another row, and none of a keyframe's.
        await store.record(transitions: [transition("n", "made-up-3", .present, at: 3000)])
        #expect(try await store.transitions().items.map(\.image).contains("made-up-3"))
    }
}
