import FoundationEssentials
import GRDB
import Testing

@testable import History
@testable import HistoryFixtures

@Suite("What history remembers of image sets") struct SetHistoryTests {
    private static let nodes = ["a", "b", "c", "d"]

    private static func note(_ random: inout HistoryRandom) -> SetNote {
        func some(_ percent: Int) -> Set<String> { Set(nodes.filter { _ in random.chance(percent) }) }
        let names = ["gpu", "ci", "pre"].filter { _ in random.chance(60) }
        return SetNote(
            sets: (random.chance(20) ? names.reversed() : names).map { name in
                SetNote.Entry(
                    name: name,
                    list: RecordedSet.List(
                        images: ["x", "y"].filter { _ in random.chance(50) }.map { .init(name: $0, reference: $0) },
                        isHeld: name != "pre"), nodes: some(50))
            }, excluded: some(20))
    }

    /// Of any moment from the horizon on, with a clock that is set back now and then, and retention all the while.
    @Test(arguments: 0..<120)
    func setsOfAnyMoment(_ seed: Int) async throws {
        var random = HistoryRandom(seed &+ 5_000_000)
        let store = memoryStore()
        var told: [(at: Int64, note: SetNote)] = []
        var now: Int64 = 1000
        var horizon: Int64 = 0
        // Numbers of nodes with gaps between them.
        try await store.write { session in for node in Self.nodes { _ = try session.nodeID(node) } }
        for _ in 0..<Int.random(in: 5...30, using: &random) {
            now += random.chance(7) ? -.random(in: 0...80, using: &random) : .random(in: 0...20, using: &random)
            let note = random.chance(20) ? told.last?.note ?? SetNote() : Self.note(&random)
            let (at, isNew) = (now, note != told.last?.note ?? SetNote())
            let isStored = try await store.write { session in try session.record(note, at: at) }
            #expect(isStored == isNew, "seed \(seed): what is so already isn't stored")
            if isNew { told.append((now, note)) }
            if random.chance(20) {
                horizon = max(horizon, now - .random(in: -20...150, using: &random))
                try await store.prune(before: horizon)
            }
            let moments = (0..<4).map { _ in max(horizon, now - .random(in: -30...200, using: &random)) }
            let found = try await store.read { db in
                var replay = try SetReplay(db)
                let names = try Dictionary(
                    uniqueKeysWithValues: Row.fetchAll(db, sql: "SELECT id, name FROM nodes").map {
                        ($0[0] as Int64, $0[1] as String)
                    })
                return moments.map { moment in
                    let sets = replay.sets(at: moment)
                    return SetNote(
                        sets: sets.sets.map {
                            .init(name: $0.name, list: $0.list, nodes: Set($0.nodes.compactMap { names[$0] }))
                        }, excluded: Set(sets.excluded.compactMap { names[$0] }))
                }
            }
            for (moment, note) in zip(moments, found) {
                let isMonotonic = zip(told, told.dropFirst()).allSatisfy { $0.at <= $1.at }
                // What was told with a clock set back says only what was other than before.
                guard isMonotonic else { continue }
                let expected = told.last { $0.at <= moment }?.note ?? SetNote()
                try #require(note == expected, "seed \(seed), at \(moment), horizon \(horizon)")
            }
        }
        // Retention leaves what leads to the present, and no more.
        let last = now + 1000
        try await store.prune(before: last)
        let left = try await store.read { db in
            var replay = try SetReplay(db)
            let state = replay.newest()
            let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM set_events") ?? 0
            return (count, RecordedSets().events(to: state).count)
        }
        #expect(left.0 == left.1, "seed \(seed)")
    }

    @Test("Nodes are written in runs") func runs() throws {
        for numbers in [Set<Int64>(), [1], Set(1...5000), [1, 2, 3, 900, 901, 70_000]] {
            let event = SetEvent.nodes("gpu", entered: numbers, left: [7])
            let content = try event.content()
            #expect(content.count < 20)
            #expect(try SetEvent(kind: event.kind, name: event.name, content: content) == event)
        }
        #expect(throws: DatabaseError.self) { try SetEvent(kind: 3, name: nil, content: .init([9, 1])) }
        #expect(throws: DatabaseError.self) { try SetEvent(kind: 77, name: nil, content: .init()) }
    }
}
