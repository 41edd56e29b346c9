import Logging
import RealRuntime
import Shared
import Testing

@testable import NodeAgent

/// The agent with a runtime in memory, against a coordinator over HTTP.
@Suite(.serialized) struct AgentTests {
    private let runtime = FakeRuntime()
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("token", CoordinatorStandIn.token + "\n")
    }

    private func configuration(_ address: String) -> AgentConfiguration {
        AgentConfiguration(
            node: "n1", server: address, tokenFile: directory.path + "/token", caFile: nil,
            runtimeSockets: ["/nowhere.sock"], pullSecrets: nil)
    }

    /// Runs an agent while `body` does, and then lets it end.
    private func agent(
        _ address: String, _ body: @escaping @Sendable (Agent) async throws -> Void
    ) async throws {
        var log = Logger(label: "agent")
        log.logLevel = .critical
        let agent = Agent(configuration(address), source: runtime, log: log)
        async let running: Void = agent.run()
        do {
            try await body(agent)
        } catch {
            await agent.stop()
            await running
            throw error
        }
        await agent.stop()
        await running
    }

    @Test func itPullsWhatIsAssignedAndTellsOfItAtOnce() async throws {
        try await CoordinatorStandIn.run { [self] coordinator in
            try await agent(coordinator.address) { _ in
                await eventually("the first inventory") { coordinator.change { $0.model.inventory != nil } }
                await eventually("a poll waits") { coordinator.change { $0.waiting == 1 } }
                let began = ContinuousClock.now
                coordinator.assign(["quay.io/app:1"], pulls: [.of(1, "quay.io/app:1")])
                await eventually("the attempt") { coordinator.attempts.count == 1 }
                // Neither the poll nor the next look at the runtime was waited for, both of 10 s.
                #expect(ContinuousClock.now - began < .seconds(8))
                #expect(coordinator.images.map(\.tags) == [["quay.io/app:1"]], "no later than the attempt")
                let attempt = coordinator.attempts[0]
                #expect(attempt.outcome == .succeeded)
                #expect(attempt.imageID == "sha256:id of quay.io/app:1")
                #expect(attempt.bytes == 1_000)
                #expect(coordinator.change { $0.tokens } == ["Bearer \(CoordinatorStandIn.token)"])
            }
        }
    }

    @Test func aContainerOfAnImageThatHasComeIsSeenSoonerThanAnIntervalLater() async throws {
        try await CoordinatorStandIn.run { [self] coordinator in
            try await agent(coordinator.address) { [runtime] _ in
                await eventually("the first inventory") { coordinator.change { $0.model.inventory != nil } }
                coordinator.assign(["quay.io/app:1"], pulls: [.of(1, "quay.io/app:1")])
                await eventually("the attempt") { coordinator.attempts.count == 1 }
                #expect(coordinator.images.map(\.inUse) == [false])
                let began = ContinuousClock.now
                runtime.change { state in
                    var container = CRIContainer()
                    container.imageRef = "sha256:id of quay.io/app:1"
                    state.containers = [container]
                }
                await eventually("it is held") { coordinator.images.map(\.inUse) == [true] }
                #expect(ContinuousClock.now - began < .seconds(8), "the interval has 10 s")
            }
        }
    }

    @Test func aPullThatFindsTheImageAsItWasHasNoSize() async throws {
        runtime.change { $0.images = [.fake("quay.io/app:1")] }
        try await CoordinatorStandIn.run { [self] coordinator in
            try await agent(coordinator.address) { _ in
                await eventually("the first inventory") { coordinator.images.count == 1 }
                coordinator.assign(["quay.io/app:1"], pulls: [.of(1, "quay.io/app:1")])
                await eventually("the attempt") { coordinator.attempts.count == 1 }
                let attempt = coordinator.attempts[0]
                #expect(attempt.outcome == .succeeded && attempt.imageID == "sha256:id of quay.io/app:1")
                #expect(attempt.bytes == 0, "nothing was transferred")
            }
        }
    }

    /// An attempt ends with the runtime's answer. The listing that follows takes its own time.
    @Test func aSlowListingMakesNoPullLonger() async throws {
        try await CoordinatorStandIn.run { [self] coordinator in
            try await agent(coordinator.address) { [runtime] agent in
                await eventually("the first inventory") { coordinator.change { $0.model.inventory != nil } }
                runtime.change { $0.listingsHang = true }
                coordinator.assign(["quay.io/app:1"], pulls: [.of(1, "quay.io/app:1")])
                await eventually("the pull is over") {
                    let hasBegun = runtime.change { $0.passwords.count == 1 }
                    return await agent.pulls.isEmpty && hasBegun
                }
                try await Task.sleep(for: .seconds(2))
                runtime.change { $0.listingsHang = false }
                await eventually("the attempt") { coordinator.attempts.count == 1 }
                #expect(coordinator.attempts[0].endedAgeMs >= 2_000)
                #expect(coordinator.images.map(\.tags) == [["quay.io/app:1"]], "no later than the attempt")
            }
        }
    }

    @Test func aPullThatIsAssignedNoMoreIsCancelled() async throws {
        runtime.change { $0.pullsHang = true }
        try await CoordinatorStandIn.run { [self] coordinator in
            coordinator.assign(["quay.io/app:1"], pulls: [.of(1, "quay.io/app:1")])
            try await agent(coordinator.address) { [runtime] _ in
                await eventually("the pull runs") {
                    coordinator.reports.last?.running.map(\.reference) == ["quay.io/app:1"]
                }
                coordinator.assign(["quay.io/app:1"], pulls: [])
                await eventually("the pull is cancelled") { runtime.change { $0.cancelledPulls == 1 } }
                await eventually("the attempt") { coordinator.attempts.map(\.outcome) == [.cancelled] }
                await eventually("nothing runs") { coordinator.reports.last?.running.isEmpty == true }
            }
        }
    }

    @Test func theEndCancelsPullsAndTellsOfThem() async throws {
        runtime.change { $0.pullsHang = true }
        try await CoordinatorStandIn.run { [self] coordinator in
            coordinator.assign([], pulls: [.of(1, "quay.io/app:1"), .of(2, "quay.io/app:2")])
            let began = ContinuousClock.now
            try await agent(coordinator.address) { [runtime] _ in
                await eventually("the pulls run") { runtime.change { $0.passwords.count == 2 } }
            }
            #expect(ContinuousClock.now - began < .seconds(20))
            #expect(coordinator.attempts.map(\.outcome) == [.cancelled, .cancelled])
        }
    }

    @Test func whatHappensIsToldAlthoughAPollWaits() async throws {
        try await CoordinatorStandIn.run { [self] coordinator in
            coordinator.assign([], interval: .seconds(1))
            try await agent(coordinator.address) { [runtime] _ in
                runtime.change { $0.images = [.fake("quay.io/a:1", id: "a"), .fake("quay.io/b:1", id: "b")] }
                await eventually("both images") { coordinator.images.count == 2 }
                runtime.change { $0.images.removeFirst() }
                await eventually("one image") { coordinator.images.map(\.id) == ["b"] }
                let deltas = coordinator.reports.compactMap { report -> WireInventoryDelta? in
                    guard case .delta(let delta) = report.inventory else { return nil }
                    return delta
                }
                #expect(deltas.last?.removed == ["a"])
                #expect(deltas.last?.changed.isEmpty == true)
            }
        }
    }

    @Test func aRuntimeThatIsAwayLeavesTheInventoryAndIsTold() async throws {
        runtime.change { $0.images = [.fake("quay.io/a:1", id: "a")] }
        try await CoordinatorStandIn.run { [self] coordinator in
            coordinator.assign([], interval: .seconds(1))
            try await agent(coordinator.address) { [runtime] _ in
                await eventually("the inventory") { coordinator.images.count == 1 }
                runtime.change { $0.failure = GRPCStatus(code: GRPCStatus.unknown, message: "database is locked") }
                await eventually("the fault") { coordinator.reports.last?.runtime.fault == .error }
                await eventually("it grows old") { (coordinator.reports.last?.inventoryAgeMs ?? 0) > 2_000 }
                #expect(coordinator.images.count == 1)
                #expect(coordinator.reports.last?.runtime.error.contains("database is locked") == true)
                runtime.change { $0.failure = nil }
                await eventually("it is young again") {
                    coordinator.reports.last?.runtime.fault == WireRuntimeFault.none
                }
                #expect(coordinator.images.count == 1)
            }
        }
    }

    @Test func aCoordinatorThatLeavesAndComesBackHasEverythingAgain() async throws {
        runtime.change { $0.images = [.fake("quay.io/a:1", id: "a")] }
        let port = try LoopbackPort.find()
        try await agent("http://127.0.0.1:\(port)") { [runtime] _ in
            try await CoordinatorStandIn.run(port: port) { coordinator in
                coordinator.change { $0.refusal = (503, "1", #"{"title":"not leading"}"#) }
                await eventually("it knocks") { coordinator.change { $0.queries.count > 1 } }
                coordinator.change { $0.refusal = nil }
                await eventually("the inventory") { coordinator.images.count == 1 }
            }
            runtime.change { $0.images.append(.fake("quay.io/b:1", id: "b")) }
            try await CoordinatorStandIn.run(port: port) { coordinator in
                await eventually("all of it", within: .seconds(60)) { coordinator.images.count == 2 }
            }
        }
    }

    @Test func oneThatStandsByAsksTheRuntimeNothing() async throws {
        runtime.change { $0.images = [.fake("quay.io/a:1", id: "a")] }
        try await CoordinatorStandIn.run { [self] coordinator in
            coordinator.standBy(interval: .seconds(1))
            try await agent(coordinator.address) { [runtime] _ in
                await eventually("reports") { coordinator.reports.count >= 4 }
                #expect(runtime.change { $0.calls } == 0)
                let last = coordinator.reports.last ?? WireReport()
                #expect(last.standingBy && last.runtime == WireRuntime() && !last.hasImageFilesystem)
                #expect(coordinator.reports.allSatisfy { $0.inventory == nil })
                #expect(coordinator.reports.dropFirst().allSatisfy { $0.standingBy })
            }
        }
    }

    @Test func oneThatTakesOverListsAndTellsAllInItsNextReport() async throws {
        runtime.change { $0.images = [.fake("quay.io/a:1", id: "a")] }
        try await CoordinatorStandIn.run { [self] coordinator in
            coordinator.standBy(interval: .seconds(60))
            try await agent(coordinator.address) { _ in
                await eventually("it waits") { coordinator.change { $0.waiting == 1 } }
                let before = coordinator.reports.count
                let began = ContinuousClock.now
                coordinator.assign(["quay.io/a:1"])
                await eventually("the inventory") { coordinator.images.count == 1 }
                #expect(ContinuousClock.now - began < .seconds(8))
                let first = coordinator.reports[before]
                #expect(!first.standingBy && first.runtime.listed)
                guard case .full(let full)? = first.inventory else {
                    Issue.record("it said something before it knew anything")
                    return
                }
                #expect(full.images.map(\.id) == ["a"])
            }
        }
    }

    @Test func oneThatIsToStandByEndsItsPullsTellsOfThemAndForgetsTheNode() async throws {
        runtime.change {
            $0.pullsHang = true
            $0.images = [.fake("quay.io/a:1", id: "a")]
        }
        try await CoordinatorStandIn.run { [self] coordinator in
            coordinator.assign(["quay.io/app:1"], pulls: [.of(1, "quay.io/app:1")])
            try await agent(coordinator.address) { [runtime] agent in
                await eventually("the pull runs") { runtime.change { $0.passwords.count == 1 } }
                await eventually("the inventory") { coordinator.images.count == 1 }
                coordinator.standBy(interval: .seconds(1))
                await eventually("the attempt") { coordinator.attempts.map(\.outcome) == [.cancelled] }
                await eventually("nothing is known of the node") { await agent.state.inventory.images.isEmpty }
                let calls = runtime.change { $0.calls }
                let reports = coordinator.reports.count
                await eventually("reports") { coordinator.reports.count >= reports + 3 }
                #expect(runtime.change { $0.calls } == calls)
                #expect(coordinator.reports.last?.running.isEmpty == true)
                // And back again, in the same process.
                runtime.change { $0.images = [.fake("quay.io/b:1", id: "b")] }
                coordinator.change { $0.model.restart(database: "first") }
                coordinator.assign([])
                await eventually("the inventory of now") { coordinator.images.map(\.id) == ["b"] }
            }
        }
    }

    @Test func anAgentThatNobodyAnswersListsAllTheSame() async throws {
        try await agent("http://127.0.0.1:\(try LoopbackPort.find())") { [runtime] _ in
            await eventually("a listing", within: .seconds(60)) { runtime.change { $0.listCalls > 0 } }
        }
    }

    @Test func nothingButHeartbeatsWhenNothingHappens() async throws {
        runtime.change { $0.images = [.fake("quay.io/a:1", id: "a")] }
        try await CoordinatorStandIn.run { [self] coordinator in
            coordinator.assign(["quay.io/a:1"], interval: .seconds(1))
            try await agent(coordinator.address) { [runtime] _ in
                await eventually("the inventory") { coordinator.images.count == 1 }
                let before = (coordinator.reports.count, runtime.change { $0.listCalls })
                let began = ContinuousClock.now
                await eventually("heartbeats") { coordinator.reports.count >= before.0 + 5 }
                let seconds = Int((ContinuousClock.now - began).components.seconds)
                #expect(seconds >= 2, "it reports more often than it was told")
                #expect(runtime.change { $0.listCalls } <= before.1 + seconds + 2)
                #expect(coordinator.reports.dropFirst(before.0 + 1).allSatisfy { $0.inventory == nil })
            }
        }
    }
}
