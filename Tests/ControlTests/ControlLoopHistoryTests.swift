import Cluster
import ImageSets
import Planning
import Shared
import SwiftProtobuf
import Testing

@testable import Control
@testable import ControlFixtures
@testable import History
@testable import HistoryFixtures
@testable import TestBasics

@Suite("What the control loop tells history") struct ControlLoopHistoryTests {
    @Test("Transitions in their order, though the reports' attempts are stored at different speeds")
    func order() async throws {
        let stage = Stage()
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            try await stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }
            await stage.ledger.hold()
            let slow = Task {
                try await stage.send("n1", 2) {
                    $0.delta.since = 1
                    $0.delta.removed = ["sha256:nginx"]
                    $0.attempts = [.of(1, .succeeded)]
                }
            }
            #expect(await soon { await stage.ledger.held == 1 })
            try await stage.send("n1", 3) {
                $0.delta.since = 1
                $0.delta.changed = [.listed("nginx")]
            }
            await stage.ledger.letGo()
            _ = try await slow.value
            let isTold = await soon {
                let changes = await stage.ledger.changes
                return changes.first == "n1 nginx present" && changes.last == "n1 nginx present" && changes.count >= 3
            }
            let changes = await stage.ledger.changes
            #expect(isTold, "\(changes)")
        }
    }

    @Test("A registry's outage has rows at its beginning and its end: what is asked in vain meanwhile has none")
    func outage() async throws {
        let stage = Stage()
        let names = ["n1", "n2", "n3"]
        try await stage.run(try Stage.configuration(), nodes: names.map { Stage.node($0) }) { stage in
            for name in names { try await stage.send(name, 1) { $0.full.images = [.listed("redis")] } }
            var sequence: UInt64 = 1
            func end(_ outcome: WireOutcome) async throws {
                for name in names {
                    guard let pull = await stage.loop.fleet.assignment(node: name).pulls.first else { continue }
                    sequence += 1
                    var attempt = WireAttempt.of(
                        pull.id, outcome, outcome == .failed ? "dial tcp: connect: connection refused" : "")
                    attempt.id = sequence
                    attempt.startedAgeMs = 100
                    try await stage.send(name, sequence) {
                        if outcome == .succeeded { $0.full.images = [.listed("redis"), .listed("nginx")] }
                        $0.attempts = [attempt]
                    }
                }
            }
            try await eventually("three failures open the circuit, and three probes fail") {
                try await end(.failed)
                return sequence >= 7
            }
            #expect(await stage.ledger.attempts.count == 3)
            try await eventually("all have failed") {
                await stage.ledger.changes.filter { $0.hasSuffix("failed") }.sorted()
                    == names.map { "\($0) nginx failed" }
            }
            #expect(await stage.ledger.changes.count { $0.hasSuffix("pulling") } == 3)
            try await eventually("a probe succeeds") {
                try await end(.succeeded)
                return await stage.ledger.changes.contains { $0.hasSuffix("nginx present") }
            }
            #expect(await stage.ledger.attempts.count >= 4)
        }
    }

    @Test("A node is heard when its images are known, not when its agent merely speaks")
    func heard() async throws {
        let stage = Stage()
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            try await stage.send("n1", 1) { $0.runtime.listed = false }
            #expect(await soon { await stage.ledger.events == ["n1 target"] })
            try await stage.send("n1", 2) { $0.full.images = [] }
            #expect(await soon { await stage.ledger.events == ["n1 target", "n1 heard"] })
            let new = Stage.report("n1", 1, boot: "b2") { $0.runtime.listed = false }
            _ = try await stage.loop.ingest(CheckedReport(new), after: 0, wait: .zero)
            await stage.loop.replan()
            #expect(await soon { await stage.ledger.events == ["n1 target", "n1 heard", "n1 silent"] })
        }
    }

    @Test("Only target nodes are members; one that isn't listed any more has left")
    func members() async throws {
        let stage = Stage()
        var configuration = try Stage.configuration()
        configuration.scheduling.nodeSelector = ["pool": "build"]
        let build = Stage.node("n1", labels: ["pool": "build"])
        try await stage.run(configuration, nodes: [build, Stage.node("n2")]) { stage in
            #expect(await soon { await stage.ledger.events == ["n1 target"] })
            await stage.loop.replaceNodes([Stage.node("n2", labels: ["pool": "build"])])
            #expect(await soon { await stage.ledger.events == ["n1 target", "n1 left", "n2 target"] })
        }
    }

    @Test("A new run tells of nodes that left and images that were unlisted while nobody watched")
    func comparison() async throws {
        let store = memoryStore()
        _ = await store.startRun(at: 1)
        await store.record(nodeEvents: [
            NodeEventRecord(node: "n1", event: .joined(labels: [:]), at: 1),
            NodeEventRecord(node: "gone", event: .joined(labels: [:]), at: 1),
        ])
        await store.record(transitions: [
            TransitionRecord(node: "n1", image: "nginx", to: .present, at: 2),
            TransitionRecord(node: "n1", image: "unlisted", to: .held, at: 2),
            TransitionRecord(node: "gone", image: "unlisted", to: .held, at: 2),
        ])
        let stage = Stage(history: StoredHistory(store: store))
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            await stage.loop.mendHistory()
            #expect(await soon { await stage.loop.isHistoryWritten })
            #expect(try await store.currentNodes().map(\.name) == ["n1"])
            #expect(try await store.currentCells().map(\.image) == ["nginx"])
            let ended = try await store.transitions(TransitionQuery(states: [.none])).items
            #expect(ended.map(\.node).sorted() == ["gone", "n1"] && ended.allSatisfy { $0.image == "unlisted" })
        }
    }

    @Test("Cells of unlisted images end in as many commits as they need")
    func endedInSteps() async throws {
        let store = memoryStore()
        await store.record(
            transitions: (0..<50).map {
                TransitionRecord(node: "n\($0 / 5)", image: "image-\($0 % 5)", to: .held, at: 1)
            })
        let before = await store.health.commits
        try await store.endCells(except: ["image-0", "image-3"], at: 2, step: 7)
        #expect(await store.health.commits - before == 5, "30 cells, 7 at once")
        #expect(Set(try await store.currentCells().map(\.image)) == ["image-0", "image-3"])
        #expect(try await store.currentCells().count == 20)
    }

    @Test("After history lost something, the present state is told anew")
    func gap() async throws {
        let stage = Stage()
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            await stage.loop.mendHistory()
            try await stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }
            #expect(await soon { await stage.ledger.events.last == "n1 heard" })
            await stage.ledger.forgetFacts()
            await stage.loop.mendHistory()
            #expect(await stage.loop.isHistoryWritten)
            #expect(await stage.ledger.facts.isEmpty)
            await stage.ledger.lose()
            await stage.loop.mendHistory()
            #expect(await soon { await stage.ledger.events == ["n1 target", "n1 heard"] })
            #expect(await stage.ledger.changes == ["n1 nginx present"])
        }
    }

    @Test("SQLite has the cells of the list and no others, and an attempt that was acknowledged")
    func stored() async throws {
        let store = memoryStore()
        let stage = Stage(history: StoredHistory(store: store))
        _ = await store.startRun(at: 1)
        try await stage.run(try Stage.configuration(["web=nginx", "db=redis"]), nodes: [Stage.node("n1")]) { stage in
            try await stage.send("n1", 1) { $0.full.images = [.listed("nginx"), .listed("redis")] }
            await stage.loop.adopt(try Stage.configuration(["db=redis", "new=busybox"]), revision: 2)
            #expect(await soon { await !stage.loop.fleet.orders.isEmpty })
            // Of what wasn't ordered, no attempt is stored.
            let order = try #require(await stage.loop.fleet.orders.first?.order.id)
            let reply = try await stage.send("n1", 2) {
                var unasked = WireAttempt.of(order + 1000, .failed, "unauthorized")
                unasked.id = 2
                unasked.reference = "example.com/unasked"
                $0.attempts = [.of(order, .failed, "manifest unknown"), unasked]
            }
            #expect(reply.acknowledgedAttempt == 2)
            #expect(reply.databaseID.isEmpty == false)
            let isStored = try await soon {
                try await store.currentCells().map(\.image).sorted() == ["busybox", "redis"]
            }
            #expect(isStored)
            #expect(try await store.currentNodes() == [NodeRecord(name: "n1", labels: [:], isHeard: true)])
            #expect(try await store.attempts().items.map(\.attempt.reason) == [.notFound])
        }
    }

    @Test("Facts that pile up behind a disk that hangs are dropped, and the state is told anew")
    func bounded() {
        #expect(HistoryOutbox().needsComparison)
        var full = HistoryOutbox()
        full.needsComparison = false
        let fact = HistoryFact.left(node: "n", at: Timestamp(milliseconds: 0))
        let isFirst = full.add(repeatElement(fact, count: HistoryOutbox.capacity))
        let isSecond = full.add([fact])
        #expect(isFirst && !isSecond)
        #expect(full.needsComparison, "what doesn't fit is told anew later")
        #expect(full.isEmpty)
    }

    @Test("Facts are written in their order and in blocks, then nodes' state is asked for, some at a time")
    func blocks() {
        var outbox = HistoryOutbox()
        let facts = (0..<5001).map { HistoryFact.left(node: "\($0)", at: Timestamp(milliseconds: 0)) }
        let begins = outbox.add(facts[..<3000])
        let names = (0..<6000).map { "node-\($0 + 10_000)" }
        let beginsTwice = outbox.tellLater(names.shuffled())
        let beginsThrice = outbox.add(facts[3000...])
        #expect(begins && !beginsTwice && !beginsThrice)
        var written: [HistoryFact] = []
        var told: [String] = []
        while let work = outbox.next() {
            switch work {
            case .write(let block):
                #expect(told.isEmpty && block.count <= HistoryOutbox.blockSize)
                written += block
            case .tell(let nodes):
                #expect(nodes.count <= 100)
                told += nodes
            }
        }
        #expect(written == facts && told == names)
        #expect(outbox.isEmpty && !outbox.isWriting)
    }

    /// More cells than may wait: they are asked for in turn instead.
    @Test("A fleet of any size is told anew")
    func largeFleet() async throws {
        let stage = Stage()
        let names = (100..<150).map { "n\($0)" }
        try await stage.run(try Stage.configuration(), nodes: names.map { Stage.node($0) }) { stage in
            for name in names { try await stage.send(name, 1) { $0.full.images = [.listed("nginx")] } }
            #expect(await soon { await stage.loop.isHistoryWritten })
            await stage.ledger.forgetFacts()
            await stage.ledger.lose()
            await stage.loop.mendHistory()
            #expect(await soon { await stage.loop.isHistoryWritten })
            #expect(await stage.ledger.events == names.flatMap { ["\($0) target", "\($0) heard"] })
            #expect(await stage.ledger.changes == names.map { "\($0) nginx present" })
        }
    }
}
