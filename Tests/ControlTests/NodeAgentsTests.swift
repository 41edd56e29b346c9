import Cluster
import ImageSets
import Planning
import Reporting
import Shared
import Supervision
import Synchronization
import Testing

@testable import Control
@testable import ControlFixtures
@testable import History
@testable import TestBasics

/// A node with two pods of ours: `a` works at first, `b` comes later.
@Suite("Several agents on one node") struct NodeAgentsTests {
    private func pod(_ uid: String, isTerminating: Bool = false, template: String? = nil) -> PodView {
        var pod = PodView(name: "pod-\(uid)", uid: uid, node: "n1")
        pod.isTerminating = isTerminating
        pod.template = template
        var container = ContainerView()
        container.isRunning = true
        pod.containers[Configuration.agentContainerName] = container
        pod.containers["web"] = container
        return pod
    }

    private func run(_ body: @Sendable (Stage) async throws -> Void) async throws {
        let stage = Stage()
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            await stage.loop.update(pod("a"), of: Stage.pods)
            await stage.loop.update(pod("b"), of: Stage.pods)
            try await body(stage)
        }
    }

    @discardableResult
    private func send(
        _ stage: Stage, _ agent: String, _ sequence: UInt64, after: UInt64 = 0, wait: Duration = .zero,
        _ fill: (inout WireReport) -> Void = { _ in }
    ) async throws -> WireReportReply {
        let report = Stage.report("n1", sequence, boot: "boot-\(agent)", fill)
        return try await stage.loop.ingest(CheckedReport(report), from: agent, after: after, wait: wait)
    }

    /// A request that waits, as a connection's does: its agent is there.
    private final class Poll: ReportWaiter {
        let reception: ReportReception
        private let state = Mutex(false)

        init(_ reception: ReportReception) { self.reception = reception }

        var isOver: Bool { state.withLock { $0 } }
        func wake(turn: UInt64) { state.withLock { $0 = true } }
    }

    private func poll(
        _ stage: Stage, _ agent: String, _ sequence: UInt64, after: UInt64,
        _ fill: (inout WireReport) -> Void = { _ in }
    ) async throws -> Poll {
        let report = Stage.report("n1", sequence, boot: "boot-\(agent)", fill)
        let reception = try await stage.loop.receive(CheckedReport(report), from: agent, after: after)
        #expect(!reception.isUrgent)
        let poll = Poll(reception)
        #expect(stage.loop.reports.wait(try #require(reception.ticket), after: after, turn: 1, poll))
        return poll
    }

    /// Both report, and wait then.
    private func start(_ stage: Stage, images: [WireImage] = [.listed("nginx")]) async throws -> (a: Poll, b: Poll) {
        let first = try await send(stage, "a", 1) { $0.full.images = images }
        #expect(await soon { await images.isEmpty == !stage.loop.fleet.orders.isEmpty })
        let generation = await stage.loop.fleet.nodes["n1"]?.generation ?? 0
        #expect(!first.assignment.standby)
        let a = try await poll(stage, "a", 2, after: generation)
        #expect(try await send(stage, "b", 1).assignment.standby)
        let b = try await poll(stage, "b", 2, after: ControlLoop.standby.generation, Self.standsBy)
        #expect(!a.isOver)
        return (a, b)
    }

    private func answer(_ stage: Stage, _ poll: Poll) async -> WireReportReply {
        #expect(await soon { poll.isOver })
        return await stage.loop.answer(poll.reception, after: ControlLoop.standby.generation)
    }

    private static func standsBy(_ report: inout WireReport) {
        report.standingBy = true
        report.runtime = WireRuntime()
    }

    private func isPresent(_ stage: Stage) async throws -> Bool {
        let snapshot = try #require(await stage.loop.snapshot())
        return snapshot.fleet.state(node: "n1", column: 0, now: snapshot.now).isPresent
    }

    private func boot(_ stage: Stage) async -> String? { await stage.loop.fleet.nodes["n1"]?.bootID }

    @Test("The second one is to stand by, and what it says of the node isn't taken")
    func second() async throws {
        try await run { stage in
            let (a, b) = try await start(stage)
            let reply = try await send(stage, "b", 3) { $0.full.images = [] }
            #expect(reply.assignment == ControlLoop.standby)
            #expect(reply.assignment.images.isEmpty && reply.assignment.heartbeatIntervalMs == 60_000)
            #expect(!reply.sendFull)
            #expect(await boot(stage) == "boot-a")
            #expect(try await isPresent(stage))
            #expect(!a.isOver, "the first one's request is its own")
            #expect(b.isOver, "a later request of the same one ends it")
            // What it has already isn't said again.
            let next = try await send(stage, "b", 4, after: reply.assignment.generation, Self.standsBy)
            #expect(!next.hasAssignment)
        }
    }

    @Test("When the pod of the one that works is deleted the other takes over, and the node is known all the while")
    func takeOver() async throws {
        try await run { stage in
            let (a, b) = try await start(stage)
            #expect(await soon { await stage.ledger.changes.contains("n1 nginx present") })
            // The first comparison tells all once more.
            await stage.loop.mendHistory()
            #expect(await soon { await stage.loop.isHistoryWritten })
            await stage.ledger.forgetFacts()
            await stage.loop.update(pod("a", isTerminating: true), of: Stage.pods)
            let reply = await answer(stage, b)
            #expect(!reply.assignment.standby)
            #expect(reply.assignment.images.map(\.name) == ["web"])
            // The former one ends with a last word, of which only its attempts are taken.
            #expect(a.isOver)
            #expect(try await send(stage, "a", 3, after: 5) { $0.full.images = [] }.assignment.standby)
            // The new one hasn't listed yet, and then says a part.
            let early = try await send(stage, "b", 3, after: reply.assignment.generation) { $0.runtime.listed = false }
            #expect(!early.sendFull)
            let part = try await send(stage, "b", 4, after: reply.assignment.generation) { $0.delta.since = 3 }
            #expect(part.sendFull)
            #expect(await boot(stage) == "boot-a")
            #expect(try await isPresent(stage))
            await stage.loop.removePod(uid: "a")
            try await send(stage, "b", 5) { $0.full.images = [.listed("nginx")] }
            #expect(await boot(stage) == "boot-b")
            #expect(try await isPresent(stage))
            await stage.loop.mendHistory()
            #expect(await stage.ledger.events.allSatisfy { $0 == "n1 target" }, "neither silent nor heard anew")
            let changes = await stage.ledger.changes
            #expect(changes.isEmpty, "\(changes)")
            #expect(await stage.loop.nodeAgents.isEmpty, "one alone needs no choice")
        }
    }

    @Test("A runtime that can't be listed is told by the one that takes over")
    func takeOverOfABrokenRuntime() async throws {
        try await run { stage in
            _ = try await start(stage)
            await stage.loop.removePod(uid: "a")
            try await send(stage, "b", 3) {
                $0.runtime.listed = false
                $0.runtime.error = "none of the runtime sockets exists"
            }
            #expect(await boot(stage) == "boot-b")
            #expect(try await !isPresent(stage))
        }
    }

    @Test("One that says nothing any more is replaced, stands by when it comes back, and may take over again")
    func silence() async throws {
        try await run { stage in
            let (a, b) = try await start(stage)
            let ticket = try #require(a.reception.ticket)
            stage.loop.reports.leave(ticket, turn: 1, a)
            stage.loop.reports.end(ticket)
            #expect(await !answer(stage, b).assignment.standby)
            try await send(stage, "b", 3) { $0.full.images = [.listed("nginx")] }
            let generation = await stage.loop.fleet.nodes["n1"]?.generation ?? 0
            let next = try await poll(stage, "b", 4, after: generation)
            #expect(try await send(stage, "a", 3).assignment.standby)
            #expect(await boot(stage) == "boot-b")
            #expect(!next.isOver)
            let back = try await poll(stage, "a", 4, after: ControlLoop.standby.generation, Self.standsBy)
            await stage.loop.removePod(uid: "b")
            #expect(await !answer(stage, back).assignment.standby)
            // The same process as before: what it says isn't out of date.
            try await send(stage, "a", 5) { $0.full.images = [.listed("nginx")] }
            #expect(await boot(stage) == "boot-a")
            #expect(try await isPresent(stage))
        }
    }

    @Test("What one has done before it stood by is stored and acknowledged")
    func attempts() async throws {
        try await run { stage in
            _ = try await start(stage, images: [])
            let order = try #require(await stage.loop.fleet.orders.first?.order.id)
            await stage.loop.update(pod("a", isTerminating: true), of: Stage.pods)
            let reply = try await send(stage, "a", 3) { $0.attempts = [.of(order, .cancelled, "cancelled")] }
            #expect(reply.assignment.standby)
            #expect(reply.acknowledgedAttempt == 1)
            #expect(await stage.ledger.attempts.map(\.bootID) == ["boot-a"])
        }
    }

    @Test("One that stands by can't answer for a pull of the one that works")
    func othersAttempts() async throws {
        try await run { stage in
            _ = try await start(stage, images: [])
            let order = try #require(await stage.loop.fleet.orders.first?.order.id)
            _ = try await send(stage, "b", 3) { $0.attempts = [.of(order, .failed, "not found")] }
            #expect(await stage.ledger.attempts.isEmpty)
            #expect(await stage.loop.fleet.orders.contains { $0.order.id == order })
            _ = try await send(stage, "a", 3) { $0.attempts = [.of(order, .failed, "i/o timeout")] }
            #expect(await stage.ledger.attempts.map(\.message) == ["i/o timeout"])
            #expect(await !stage.loop.fleet.orders.contains { $0.order.id == order })
        }
    }

    @Test("Pulls under way of the one that has gone are ordered anew, of the one that takes over")
    func orders() async throws {
        try await run { stage in
            let (_, b) = try await start(stage, images: [])
            let order = try #require(await stage.loop.fleet.orders.first?.order.id)
            await stage.loop.removePod(uid: "a")
            #expect(await answer(stage, b).assignment.pulls.isEmpty, "they were another process's")
            try await send(stage, "b", 3) { $0.full.images = [] }
            #expect(await soon { await stage.loop.fleet.orders.first.map { $0.order.id != order } ?? false })
            let next = try await send(stage, "b", 4)
            #expect(next.assignment.pulls.map(\.reference) == ["docker.io/library/nginx:latest"])
        }
    }

    @Test("A heartbeat that the former one sent just before is none of the one that takes over")
    func lateHeartbeat() async throws {
        try await run { stage in
            let loop = stage.loop
            let (a, _) = try await start(stage)
            let ticket = try #require(a.reception.ticket)
            var heartbeat = Heartbeat()
            heartbeat.sequence = 500
            heartbeat.acknowledged = 1
            #expect(loop.reports.take(heartbeat, ticket, after: ticket.generation, at: loop.clock.now) == .taken)
            await loop.removePod(uid: "a")
            try await send(stage, "b", 3) { $0.full.images = [.listed("nginx")] }
            await loop.hearHeartbeats()
            #expect(await loop.fleet.nodes["n1"]?.lastSequence == 3)
            heartbeat.sequence = 501
            #expect(loop.reports.take(heartbeat, ticket, after: ticket.generation, at: loop.clock.now) == .isMore)
        }
    }

    @Test("A coordinator that was started anew lets the one that worked go on, though the other comes first")
    func restart() async throws {
        try await run { stage in
            let standby = ControlLoop.standby.generation
            let b = try await poll(stage, "b", 7, after: standby, Self.standsBy)
            #expect(await stage.loop.fleet.nodes["n1"]?.bootID == "")
            let first = try await send(stage, "a", 9) { $0.full.images = [.listed("nginx")] }
            #expect(!first.assignment.standby)
            #expect(try await isPresent(stage))
            #expect(await stage.loop.nodeAgents["n1"]?.working == "a")
            #expect(!b.isOver, "it goes on standing by")
        }
    }

    @Test("A coordinator that was started anew has one take over whose companion doesn't come")
    func restartWithoutTheOther() async throws {
        try await run { stage in
            let b = try await poll(stage, "b", 7, after: ControlLoop.standby.generation, Self.standsBy)
            let reply = await answer(stage, b)
            #expect(!reply.assignment.standby)
            #expect(reply.assignment.images.map(\.name) == ["web"])
        }
    }

    @Test("A pod's template is proven by its own agent's word, whether it works or stands by")
    func proof() async throws {
        try await run { stage in
            func isProven() async throws -> Bool {
                let snapshot = try #require(await stage.loop.snapshot())
                return Planner.isProven(
                    "new", configuration: snapshot.configuration, cluster: snapshot.cluster, fleet: snapshot.fleet,
                    now: snapshot.now)
            }
            let (a, _) = try await start(stage)
            // The pod of the one that stands by is replaced.
            await stage.loop.removePod(uid: "b")
            await stage.loop.update(pod("c", template: "new"), of: Stage.pods)
            #expect(try await !isProven(), "its agent hasn't been heard")
            try await send(stage, "c", 1)
            #expect(await boot(stage) == "boot-a")
            #expect(!a.isOver)
            #expect(try await isProven())
        }
    }

    @Test("A node that leaves leaves nothing of its agents behind")
    func leaving() async throws {
        try await run { stage in
            _ = try await start(stage)
            await stage.loop.removeNode("n1")
            #expect(await stage.loop.nodeAgents.isEmpty)
            #expect(stage.loop.reports.agent(of: "n1") == nil)
        }
    }

    @Test("Pods that went while nobody watched take their agents along")
    func listedAnew() async throws {
        try await run { stage in
            let (_, b) = try await start(stage)
            await stage.loop.replacePods([pod("b")], of: Stage.pods)
            #expect(await !answer(stage, b).assignment.standby)
        }
    }
}
