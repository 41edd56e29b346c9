import Planning
import Shared
import SwiftProtobuf
import Testing

@testable import Coordinator

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

    @Test("A node is heard when its images are known, not when its agent merely speaks")
    func heard() async throws {
        let stage = Stage()
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            try await stage.send("n1", 1) { $0.runtime.listed = false }
            #expect(await soon { await stage.ledger.events == ["n1 target"] })
            try await stage.send("n1", 2) { $0.full.images = [] }
            #expect(await soon { await stage.ledger.events == ["n1 target", "n1 heard"] })
            let new = Stage.report("n1", 1, boot: "b2") { $0.runtime.listed = false }
            _ = try await stage.loop.ingest(new, after: 0, wait: .zero)
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
        let stage = Stage()
        await stage.ledger.believe(
            HistoryBelief(
                targets: ["n1", "gone"],
                cells: [
                    .init(node: "n1", image: "nginx", state: .present),
                    .init(node: "n1", image: "unlisted", state: .held),
                ]))
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            await stage.loop.mendHistory()
            let isTold = await soon { await stage.ledger.events.contains("gone left") }
            #expect(isTold)
            #expect(await soon { await stage.ledger.changes == ["n1 unlisted none"] })
        }
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
            let reply = try await stage.send("n1", 2) { $0.attempts = [.of(1, .failed, "manifest unknown")] }
            #expect(reply.acknowledgedAttempt == 1)
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
        let outbox = HistoryOutbox()
        #expect(outbox.needsComparison)
        var full = HistoryOutbox()
        full.needsComparison = false
        let fact = HistoryFact.left(node: "n", at: Timestamp(milliseconds: 0))
        let isFirst = full.add(repeatElement(fact, count: HistoryOutbox.capacity))
        let isSecond = full.add([fact])
        #expect(isFirst && !isSecond)
        #expect(full.needsComparison, "what doesn't fit is told anew later")
        #expect(full.facts.isEmpty)
    }
}
