import Cluster
import Foundation
import GRDB
import Planning
import Testing

@testable import Control
@testable import History
@testable import HistoryFixtures

@Suite struct HistoryGroupCommitTests {
    @Test func manyWritersShareTransactions() async throws {
        let folder = try HistoryFolder()
        let store = folder.store()
        await store.open()
        let before = await store.health.commits
        let unseen = await withTaskGroup(of: Bool.self) { group in
            for writer in 0..<200 as Range<Int64> {
                group.addTask {
                    guard await store.record(attempts: [attempt("node-\(writer)", writer)]) else { return false }
                    // Committed means that another connection sees it.
                    let page = try? await store.attempts(
                        AttemptQuery(filter: HistoryFilter(node: "node-\(writer)")))
                    return page?.items.map(\.attempt.attemptID) == [writer]
                }
            }
            return await group.reduce(into: 0) { if !$1 { $0 += 1 } }
        }
        #expect(unseen == 0)
        #expect(try await store.count("attempts") == 200)
        let commits = await store.health.commits - before
        #expect(commits < 200, "\(commits) transactions for 200 writes")
        await store.close()
    }

    /// A coordinator's start: agent after agent is heard and tells of its images.
    @Test func factsOfManyNodesShareACommit() async throws {
        let store = memoryStore()
        await store.open()
        let before = await store.health.commits
        let facts = (0..<500).flatMap { node -> [HistoryFact] in
            let at = Timestamp(milliseconds: Int64(node))
            let name = "node-\(node)"
            let held = Transition(node: name, reference: "x", from: .unknown, to: .held, at: at)
            let missing = Transition(node: name, reference: "x", from: .held, to: .missing, at: at)
            return [
                .target(node: name, labels: [:], at: at), .transition(held), .heard(node: name, at: at),
                .transition(missing),
            ]
        }
        await StoredHistory(store: store).record(facts)
        #expect(await store.health.commits - before == 1)
        #expect(try await store.count("transitions") == 1000)
        #expect(try await store.currentNodes().count == 500)
        let states = try await store.currentCells(CellQuery(node: "node-7")).map(\.state)
        #expect(states == [.missing])
    }

    @Test func theOrderOfOneCallerIsKept() async throws {
        let store = memoryStore()
        await withTaskGroup { group in
            for writer in 0..<20 {
                group.addTask {
                    for round in 0..<20 as Range<Int64> {
                        await store.record(transitions: [
                            transition("node-\(writer)", "x", round % 2 == 0 ? .present : .missing, at: round)
                        ])
                    }
                }
            }
        }
        for writer in 0..<20 {
            let query = TransitionQuery(filter: HistoryFilter(node: "node-\(writer)"))
            let items = try await store.transitions(query).items
            #expect(items.map(\.at) == (0..<20).reversed())
            #expect(items.map(\.id) == items.map(\.id).sorted(by: >))
        }
    }

    @Test func aCancelledCallerLosesNothing() async throws {
        let store = memoryStore()
        let writer = Task {
            for round in 0..<50 as Range<Int64> { await store.record(attempts: [attempt("a", round)]) }
        }
        writer.cancel()
        await writer.value
        #expect(try await store.count("attempts") == 50)
    }

    @Test func closingCommitsWhatWaits() async throws {
        let folder = try HistoryFolder()
        let store = folder.store()
        await store.open()
        async let writes = withTaskGroup(of: Bool.self) { group in
            for writer in 0..<50 as Range<Int64> {
                group.addTask { await store.record(attempts: [attempt("a", writer)]) }
            }
            return await group.reduce(into: 0) { if $1 { $0 += 1 } }
        }
        while await store.health.commits == 0 { await Task.yield() }
        await store.close()
        let acknowledged = await writes
        #expect(await store.record(attempts: [attempt("a", 1000)]) == false)

        let again = folder.store()
        #expect(try await again.count("attempts") == acknowledged)
        await again.close()
    }

    /// The process is killed while 20 writers are at work. Each attempt that was acknowledged to its writer is there
    /// afterwards, and the database is sound.
    @Test func killedProcessesKeepWhatTheyAcknowledged() async throws {
        let folder = try HistoryFolder()
        let path = folder.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = HistoryStore(HistoryConfiguration(location: .file(path + "/history.sqlite")))
            let log = open(path + "/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
            await withTaskGroup { group in
                for writer in 0..<20 as Range<Int64> {
                    group.addTask {
                        for round in 0..<1000 as Range<Int64> {
                            let id = writer * 1000 + round
                            guard await store.record(attempts: [attempt("a", id)]) else { return }
                            let line = Array("\(id)\n".utf8)
                            _ = write(log, line, line.count)
                            if id == 7 * 1000 + 40 { kill(getpid(), SIGKILL) }
                        }
                    }
                }
            }
        }
        let acknowledged = try String(contentsOfFile: path + "/acknowledged", encoding: .utf8)
            .split(separator: "\n").compactMap { Int64($0) }
        #expect(acknowledged.count > 40)
        let store = folder.store()
        let check = try await store.read { db in try String.fetchAll(db, sql: "PRAGMA integrity_check") }
        #expect(check == ["ok"])
        let stored = try await store.read { db in try Set(Int64.fetchAll(db, sql: "SELECT attempt FROM attempts")) }
        #expect(Set(acknowledged).subtracting(stored) == [])
        #expect(await store.health.setAside == [])
        await store.close()
    }
}
