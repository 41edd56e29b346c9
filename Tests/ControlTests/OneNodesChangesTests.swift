import Cluster
import Planning
import Shared
import SwiftProtobuf
import Testing

@testable import Control
@testable import ControlFixtures
@testable import TestBasics

/// What one node makes happen again and again is written down within bounds.
@Suite("One node's changes") struct OneNodesChangesTests {
    @Test("Images that come and go with every report fill no history; what is so at last is written")
    func flapping() async throws {
        let stage = Stage()
        let names = (0..<10).map { "image-\($0)" }
        let configuration = try Stage.configuration(names.map { "\($0)=\($0)" })
        try await stage.run(configuration, nodes: [Stage.node("n1"), Stage.node("n2")]) { stage in
            for sequence in 1...500 as ClosedRange<UInt64> {
                try await stage.send("n1", sequence) {
                    $0.full.images = sequence % 2 == 0 ? names.map { .listed($0) } : []
                }
            }
            #expect(await soon { await stage.loop.isHistoryWritten })
            let written = await stage.ledger.changes.count { $0.hasPrefix("n1 ") }
            #expect(written > 100 && written < 400)
            #expect(await stage.loop.untold == ["n1"])
            // Others are written as ever.
            try await stage.send("n2", 1) { $0.full.images = names.map { .listed($0) } }
            #expect(await soon { await stage.ledger.changes.count { $0.hasPrefix("n2 ") } >= names.count })

            // As if it had been quiet for a while.
            await stage.loop.forgetSpending()
            await stage.loop.mendHistory()
            #expect(await stage.loop.untold.isEmpty)
            #expect(await soon { await stage.loop.isHistoryWritten })
            let last = await stage.ledger.changes.filter { $0.hasPrefix("n1 ") }.suffix(names.count)
            #expect(Set(last) == Set(names.map { "n1 \($0) present" }))
        }
    }

    @Test("Agents that begin anew with every report are written down as heard and silent a few times")
    func boots() async throws {
        let stage = Stage()
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            for number in 0..<1000 {
                let report = Stage.report("n1", 1, boot: "b\(number)") {
                    if number % 2 == 0 { $0.full.images = [.listed("nginx")] } else { $0.delta.since = 0 }
                }
                _ = try await stage.loop.ingest(CheckedReport(report), after: 0, wait: .zero)
            }
            #expect(await soon { await stage.loop.isHistoryWritten })
            #expect(await stage.ledger.events.count < 300)
        }
    }

    @Test("Of many attempts of one order one is stored, and all are acknowledged")
    func attempts() async throws {
        let stage = Stage()
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            try await stage.send("n1", 1) { $0.full.images = [] }
            #expect(await soon { await !stage.loop.fleet.orders.isEmpty })
            let order = try #require(await stage.loop.fleet.orders.first?.order.id)
            for sequence in 2...9 as ClosedRange<UInt64> {
                let first = (sequence - 2) * 400 + 1
                let reply = try await stage.send("n1", sequence) {
                    $0.attempts = (first..<first + 400).map { id in
                        var attempt = WireAttempt.of(order, .failed, "manifest unknown")
                        attempt.id = id
                        return attempt
                    }
                }
                #expect(reply.acknowledgedAttempt == first + 399)
            }
            #expect(await stage.ledger.attempts.map(\.id) == [1])
        }
    }

    @Test("Attempts with long messages are taken in parts, and the rest is asked for again")
    func longMessages() async throws {
        let stage = Stage()
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            let message = String(repeating: "toomanyrequests: retry-after dial tcp ", count: 50)
            let attempts = (1...1000 as ClosedRange<UInt64>).map { id in
                WireAttempt.with {
                    $0.id = id
                    // Of an earlier run.
                    $0.pullID = id
                    $0.reference = "docker.io/library/nginx:latest"
                    $0.outcome = .failed
                    $0.message = message
                }
            }
            var (acknowledged, sequence): (UInt64, UInt64) = (0, 0)
            while acknowledged < 1000 {
                sequence += 1
                let former = acknowledged
                let rest = attempts.filter { $0.id > former }
                acknowledged = try await stage.send("n1", sequence) { $0.attempts = rest }.acknowledgedAttempt
                // What more changes than are written down is written later.
                await stage.loop.forgetSpending()
                try #require(acknowledged > former)
            }
            #expect(sequence > 10)
            #expect(await stage.ledger.attempts.map(\.id) == attempts.map(\.id))
        }
    }

    @Test("Attempts of orders that nobody remembers are as many as an agent keeps")
    func earlierAttempts() throws {
        var orders = GivenOrders(firstID: 1 << 40)
        let listed = ["docker.io/library/nginx:latest": "nginx"]
        let taken = (1...5000 as ClosedRange<UInt64>).count { id in
            let attempt = WireAttempt.with {
                $0.id = id
                $0.pullID = id
                $0.reference = "docker.io/library/nginx:latest"
            }
            return orders.reference(of: attempt, bootID: "b", node: "n1", listed: { listed[$0] }) != nil
        }
        #expect(taken == ReportLimits.attempts)
    }

    @Test("Orders without end take a bounded place, and the newest are known")
    func orders() {
        var orders = GivenOrders(firstID: 1)
        let now = Timestamp(milliseconds: 1_700_000_000_000)
        for id in 1...20_000 as ClosedRange<UInt64> { orders.note(id, "nginx", of: "n1", at: now) }
        func isKnown(_ id: UInt64) -> Bool {
            orders.reference(of: .with { $0.pullID = id }, bootID: "b", node: "n1", listed: { _ in nil }) != nil
        }
        let (areNewest, isOldest) = ((18_000...20_000 as ClosedRange<UInt64>).allSatisfy(isKnown), isKnown(1))
        #expect(areNewest && !isOldest)
    }

    @Test("A budget of changes comes back with time, and holds for each node alone")
    func budget() {
        var budget = ChangeBudget()
        var now = Timestamp(milliseconds: 1_700_000_000_000)
        func take(_ changes: Int, _ node: String = "n1") -> Bool { budget.take(changes, node, images: 100, at: now) }
        // More than all that there is, once.
        var taken = [take(10_000), take(1), take(1, "n2")]
        #expect(taken == [true, false, true])
        now = now + 120 * 100
        taken = [take(2000), take(1)]
        #expect(taken == [true, false])
        now = now + 120
        taken = [take(100), take(1)]
        #expect(taken == [true, false])
        now = now + 120 * 20
        budget.sweep(images: 100, at: now)
        taken = [take(2000)]
        #expect(taken == [true])
    }
}

extension ControlLoop {
    func forgetSpending() { changeBudget = ChangeBudget() }
}
