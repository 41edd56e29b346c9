import Testing

@testable import History
@testable import HistoryFixtures

@Suite struct HistoryMomentTests {
    private func event(_ node: String, _ event: NodeEvent, at: Int64) -> NodeEventRecord {
        NodeEventRecord(node: node, event: event, at: at)
    }

    @Test func unknownFollowsFromRunsAndReports() async throws {
        let store = memoryStore()
        await store.startRun(at: 10)
        await store.record(nodeEvents: [event("a", .joined(labels: ["zone": "1"]), at: 11)])
        await store.record(transitions: [transition("a", "x", .present, at: 12)])
        await store.record(nodeEvents: [event("a", .heard, at: 12)])
        await store.heartbeat(at: 20)
        await store.record(nodeEvents: [event("a", .silent, at: 30)])
        await store.record(nodeEvents: [event("a", .heard, at: 40)])
        await store.endRun(at: 50)
        await store.startRun(at: 60)
        await store.record(nodeEvents: [event("a", .heard, at: 70)])

        for (at, isWatched, isKnown) in [
            (5, false, false), (10, true, false), (11, true, false), (12, true, true), (25, true, true),
            (30, true, false), (39, true, false), (40, true, true), (50, true, true), (55, false, false),
            (60, true, false), (70, true, true), (1000, true, true),
        ] as [(Int64, Bool, Bool)] {
            let moment = try await store.moment(at: at, imageSet: "")
            #expect((moment.run != nil) == isWatched, "at \(at)")
            #expect(moment.knownCells.map(\.state) == (isKnown ? [.present] : []), "at \(at)")
        }
    }

    @Test func aRunThatCrashedIsKnownUntilItsLastHeartbeat() async throws {
        let folder = try HistoryFolder()
        let first = folder.store()
        await first.startRun(at: 10)
        await first.heartbeat(at: 30)
        await first.close()
        let second = folder.store()
        await second.startRun(at: 60)
        let watched = try await [30, 31, 59, 60, 90].asyncMap { at in
            try await second.moment(at: at, imageSet: "").run != nil
        }
        #expect(watched == [true, false, false, true, true])
        await second.close()
    }

    @Test func labelsAndMembershipOfThatMoment() async throws {
        let store = memoryStore()
        await store.startRun(at: 0)
        for record in [
            event("a", .joined(labels: ["zone": "1"]), at: 10),
            event("b", .joined(labels: [:]), at: 10),
            event("a", .labelsChanged(labels: ["zone": "2"]), at: 20),
            event("b", .left, at: 20),
            event("b", .joined(labels: ["new": "yes"]), at: 30),
        ] { #expect(await store.record(nodeEvents: [record])) }
        func nodes(_ at: Int64) async throws -> [String: [String: String]] {
            let nodes = try await store.moment(at: at, imageSet: "").nodes
            return Dictionary(uniqueKeysWithValues: nodes.map { ($0.name, $0.labels) })
        }
        #expect(try await nodes(9) == [:])
        #expect(try await nodes(10) == ["a": ["zone": "1"], "b": [:]])
        #expect(try await nodes(20) == ["a": ["zone": "2"]])
        #expect(try await nodes(30) == ["a": ["zone": "2"], "b": ["new": "yes"]])
        #expect(try await store.currentNodes().map(\.labels) == [["zone": "2"], ["new": "yes"]])
    }

    @Test func eventsThatChangeNothingAreNotStored() async throws {
        let store = memoryStore()
        await store.startRun(at: 0)
        let labels = ["a": "1", "b": "2", "c": "3"]
        await store.record(nodeEvents: [
            event("a", .silent, at: 1), event("a", .left, at: 2),
            event("a", .joined(labels: labels), at: 3), event("a", .joined(labels: labels), at: 4),
            event("a", .labelsChanged(labels: labels), at: 5),
            event("a", .heard, at: 6), event("a", .heard, at: 7),
        ])
        #expect(try await store.count("node_events") == 2)
        // After a restart all is told again; only what was heard is new.
        await store.startRun(at: 10)
        await store.record(nodeEvents: [event("a", .joined(labels: labels), at: 11), event("a", .heard, at: 12)])
        #expect(try await store.count("node_events") == 3)
    }

    @Test func aNodeThatComesBackIsUnknownUntilItReports() async throws {
        let store = memoryStore()
        await store.startRun(at: 0)
        await store.record(nodeEvents: [event("a", .joined(labels: [:]), at: 1), event("a", .heard, at: 1)])
        await store.record(transitions: [transition("a", "x", .present, at: 1)])
        await store.record(nodeEvents: [event("a", .left, at: 10), event("a", .joined(labels: [:]), at: 20)])
        #expect(try await store.moment(at: 25, imageSet: "").knownCells == [])
        #expect(try await store.moment(at: 5, imageSet: "").knownCells.count == 1)
    }

    @Test func theRevisionInForce() async throws {
        let store = memoryStore()
        for (number, at) in [(1, 10), (nil, 20), (2, 30)] as [(Int64?, Int64)] {
            await store.record(revision: RevisionRecord(imageSet: "s", number: number, at: at, data: [:]))
        }
        let numbers = try await [5, 10, 25, 30].asyncMap { at in
            try await store.moment(at: at, imageSet: "s").revision?.number
        }
        #expect(numbers == [nil, 1, 1, 2])
    }
}

extension Sequence {
    func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
