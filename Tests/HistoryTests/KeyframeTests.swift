import GRDB
import Testing

@testable import History
@testable import HistoryFixtures
@testable import TestBasics

@Suite struct KeyframeTests {
    @Test func aGridSurvivesItsBytes() throws {
        var random = HistoryRandom(1)
        for _ in 0..<200 {
            var grid = CellGrid()
            for _ in 0..<Int.random(in: 0...60, using: &random) {
                let code = CellCode(
                    state: .random(in: 0...5, using: &random), reason: .random(in: 0...13, using: &random))
                try grid.set(
                    code, image: .random(in: 1...300, using: &random), node: .random(in: 1...400, using: &random))
            }
            #expect(try CellGrid(bytes: grid.bytes) == grid)
        }
    }

    @Test func damagedBytesAreRefusedOrReadButNeverCrash() throws {
        var random = HistoryRandom(2)
        var grid = CellGrid()
        for node in 1...50 as ClosedRange<Int64> {
            try grid.set(CellCode(state: node % 6, reason: 0), image: 7, node: node)
        }
        for _ in 0..<2000 {
            var bytes = grid.bytes
            bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
            bytes.removeLast(Int.random(in: 0...3, using: &random))
            _ = try? CellGrid(bytes: bytes)
        }
    }

    @Test func aHealthyClusterTakesFewBytes() throws {
        var grid = CellGrid()
        for image in 1...100 as ClosedRange<Int64> {
            for node in 1...500 as ClosedRange<Int64> {
                try grid.set(CellCode(state: node % 50 == image % 50 ? 3 : 5, reason: 0), image: image, node: node)
            }
        }
        #expect(grid.count == 50_000)
        #expect(grid.bytes.count < 6_000)
    }

    @Test func keyframesComeByThemselvesAndASeriesReadsFewRows() async throws {
        let folder = try HistoryFolder()
        var configuration = HistoryConfiguration(location: .file(folder.database))
        configuration.keyframeTransitions = 100
        let store = HistoryStore(configuration)
        for round in 0..<40 as Range<Int64> {
            await store.record(
                transitions: (0..<50).map {
                    transition("n\($0)", "x", round % 2 == 0 ? .held : .missing, at: 1000 + round * 10)
                })
            // They are made beside the writer.
            let isDue = round >= 4 && round % 4 == 0
            if isDue { #expect(try await soon { try await store.count("keyframes") >= Int(round) / 10 }) }
        }
        #expect(try await soon { try await store.count("keyframes") >= 4 })
        for round in [0, 7, 20, 39] as [Int64] {
            let states = try await store.states(at: 1000 + round * 10)
            #expect(states.values.allSatisfy { $0.state == (round % 2 == 0 ? .held : .missing) })
            #expect(states.count == 50)
        }
        // The newest moments need the newest keyframe and what follows it, not 2,000 transitions.
        let plan = try await store.read { db in
            let last = try Int64.fetchOne(db, sql: "SELECT max(last_id) FROM keyframes") ?? 0
            return try Int.fetchOne(db, sql: "SELECT count(*) FROM transitions WHERE id > ?", arguments: [last]) ?? 0
        }
        #expect(plan <= 1500)
        await store.close()
    }

    @Test func aDamagedKeyframeIsNotBuiltOn() async throws {
        let store = memoryStore()
        await store.record(transitions: [transition("a", "x", .held, at: 10), transition("b", "x", .held, at: 11)])
        try await store.makeKeyframe()
        try await store.write { session in try session.run("UPDATE keyframes SET states = x'FFFFFFFFFF'", []) }
        await store.record(transitions: [transition("a", "x", .missing, at: 20)])
        try await store.makeKeyframe()
        let states = try await store.states(at: 25)
        #expect(states.count == 2 && Set(states.values.map(\.state)) == [.held, .missing])
    }

    @Test func aDatabaseOfTheFirstSchemaGetsItsKeyframes() async throws {
        let folder = try HistoryFolder()
        let queue = try DatabaseQueue(path: folder.database)
        try await queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA application_id = \(HistoryFile.applicationID)")
        }
        try HistorySchema.migrator.migrate(queue, upTo: Migration001Tables.name)
        try queue.close()
        let store = folder.store()
        await store.record(transitions: [transition("a", "x", .held, at: 10), transition("a", "x", .missing, at: 20)])
        #expect(try await store.states(at: 15).values.map(\.state) == [.held])
        try await store.makeKeyframe()
        #expect(try await store.count("keyframes") == 1)
        #expect(try await store.states(at: 15).values.map(\.state) == [.held])
        #expect(try await store.states(at: 25).values.map(\.state) == [.missing])
        await store.close()
    }
}
