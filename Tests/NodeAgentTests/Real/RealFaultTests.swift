import Cluster
import ImageSets
import Planning
import RealRuntime
import Shared
import Synchronization
import Testing

extension RealRuntimeTests {
    /// The planner, two agents and two real runtimes, with a proxy between one of them and the registry that misbehaves.
    @Suite(.serialized) struct RealFaultTests {
        @Test(
            "What one node's mirror refuses, the other one pulls; and the first is told to be alone with it",
            arguments: [404, 401, 403, 429, 503])
        func mirror(status: Int) async throws {
            try await TwoNodes.with { scene in
                let proxy = try await scene.machine.proxy(before: scene.registry, .status(status))
                try scene.containerds[0].mirror(scene.registry.host, by: proxy.host)
                let reference = try await scene.registry.push(.scratch("one"), as: "team/app:1")
                scene.want([reference])
                // A refusal for the rate of requests pauses the registry for all; no other makes anybody wait.
                await eventually("the second node has it", within: .seconds(status == 429 ? 90 : 30)) { scene.has(1) }
                #expect(!scene.has(0))
                // What may pass by itself tells of the node when it has failed three times.
                await eventually("the first is told to deviate", within: .seconds(240)) { scene.deviations == ["n1"] }
                // It asked the registry's name of the mirror, and the message names that.
                if [403, 503].contains(status) {
                    #expect(scene.message(0)?.contains(proxy.host) == true, "\(scene.message(0) ?? "")")
                }
            }
        }

        @Test("A layer's connection is reset: the pull goes on within a second, three times at most before any pause")
        func resets() async throws {
            try await TwoNodes.with { scene in
                let proxy = try await scene.machine.proxy(
                    before: scene.registry, .reset(afterBytes: 3 << 20), path: "/blobs/", times: 2)
                for containerd in scene.containerds { try containerd.mirror(scene.registry.host, by: proxy.host) }
                let reference = try await scene.registry.push(try .random(bytes: 12 << 20), as: "large:1")
                scene.want([reference])
                await eventually("both have it", within: .seconds(60)) { scene.has(0) && scene.has(1) }
                let failed = scene.attempts.filter { $0.outcome != .succeeded }
                #expect((1...2).contains(failed.count), "\(failed.map(\.message))")
                for attempt in failed {
                    #expect(attempt.isBrokenOff, "\(attempt.message)")
                }
                #expect(scene.deviations.isEmpty)
            }
        }

        @Test("Damaged content is fetched once more from scratch, and damages nobody else's")
        func corruption() async throws {
            try await TwoNodes.with { scene in
                let proxy = try await scene.machine.proxy(before: scene.registry, .corrupt, path: "/blobs/", times: 1)
                for containerd in scene.containerds { try containerd.mirror(scene.registry.host, by: proxy.host) }
                let reference = try await scene.registry.push(try .random(bytes: 1 << 20), as: "team/app:4")
                scene.want([reference])
                await eventually("both have it", within: .seconds(60)) { scene.has(0) && scene.has(1) }
                let failed = scene.attempts.filter { $0.outcome != .succeeded }
                #expect(failed.map(FailureClassifier.reason) == [.corruptContent], "\(failed.map(\.message))")
            }
        }

        @Test("A mirror that damages all content keeps its own node alone waiting, after two tries")
        func corruptMirror() async throws {
            try await TwoNodes.with { scene in
                let proxy = try await scene.machine.proxy(before: scene.registry, .corrupt, path: "/blobs/")
                try scene.containerds[0].mirror(scene.registry.host, by: proxy.host)
                let reference = try await scene.registry.push(try .random(bytes: 1 << 20), as: "team/app:5")
                scene.want([reference])
                await eventually("the second node has it", within: .seconds(30)) { scene.has(1) }
                await eventually("the first is told to deviate", within: .seconds(120)) { scene.deviations == ["n1"] }
                #expect(!scene.has(0))
                let failed = scene.attempts.filter { $0.outcome != .succeeded }
                #expect(failed.allSatisfy { FailureClassifier.reason(of: $0) == .corruptContent })
            }
        }

        @Test("One object is refused once: it is asked for again at once", arguments: [503, 500, 404, 403])
        func oneObject(status: Int) async throws {
            try await TwoNodes.with { scene in
                let proxy = try await scene.machine.proxy(
                    before: scene.registry, .status(status), path: "/blobs/", times: 1)
                for containerd in scene.containerds { try containerd.mirror(scene.registry.host, by: proxy.host) }
                let reference = try await scene.registry.push(.scratch("two"), as: "team/app:2")
                scene.want([reference])
                await eventually("both have it", within: .seconds(60)) { scene.has(0) && scene.has(1) }
                // The runtime may have asked the registry itself instead of the mirror.
                #expect(scene.attempts.count { $0.outcome != .succeeded } <= 1)
                #expect(proxy.requests().count { $0.hasPrefix("!") } == 1)
            }
        }

        @Test("A pull that stalls keeps nobody else waiting")
        func stalls() async throws {
            try await TwoNodes.with { scene in
                let proxy = try await scene.machine.proxy(before: scene.registry, .stall(seconds: 600), path: "/blobs/")
                try scene.containerds[0].mirror(scene.registry.host, by: proxy.host)
                let reference = try await scene.registry.push(.scratch("three"), as: "team/app:3")
                scene.want([reference])
                await eventually("the second node has it", within: .seconds(60)) { scene.has(1) }
                #expect(!scene.has(0))
                // Three times what the second one took, and at least ten seconds.
                await eventually("the first is told to hang", within: .seconds(90)) { scene.deviations == ["n1"] }
            }
        }
    }
}

extension WireAttempt {
    /// The registry was serving a layer.
    fileprivate var isBrokenOff: Bool {
        FailureExplanation(message: message, grpcCode: Int(grpcCode)).breaksOff
    }
}

/// Two containerds with an agent each, and the planner in the coordinator's place.
private struct TwoNodes: Sendable {
    let machine: RealMachine
    let registry: Registry
    let containerds: [Containerd]
    private let desk: Desk

    static func with(_ body: @escaping @Sendable (TwoNodes) async throws -> Void) async throws {
        try await RealMachine.with { machine in
            let registry = try await machine.registry()
            let containerds = [try await machine.containerd("one"), try await machine.containerd("two")]
            for containerd in containerds { try containerd.allow(registry.host) }
            try await CoordinatorStandIn.run { first in
                try await CoordinatorStandIn.run { second in
                    let desk = Desk([first, second])
                    var agents: [RealAgent] = []
                    for (number, coordinator) in [first, second].enumerated() {
                        coordinator.assign([], interval: .seconds(1))
                        agents.append(
                            try RealAgent(
                                machine, node: "n\(number + 1)", sockets: [containerds[number].socket],
                                coordinator: coordinator))
                    }
                    let work = Task {
                        while !Task.isCancelled { desk.step(); try? await Task.sleep(for: .milliseconds(20)) }
                    }
                    defer { work.cancel() }
                    await eventually("both agents report") { desk.isHeard }
                    try await body(
                        TwoNodes(machine: machine, registry: registry, containerds: containerds, desk: desk))
                    for agent in agents { await agent.daemon.stop() }
                }
            }
        }
    }

    func want(_ references: [String]) { desk.want(references) }
    func has(_ node: Int) -> Bool { desk.has(node) }
    var deviations: [String] { desk.deviations }
    var attempts: [WireAttempt] { desk.coordinators.flatMap(\.attempts) }
    /// Of the node's newest failure.
    func message(_ node: Int) -> String? { desk.message(node) }
}

/// The planner between two stand-ins: what they hear is taken in, what is planned they assign.
private final class Desk: Sendable {
    struct State: Sendable {
        var configuration = Configuration()
        var cluster = ClusterView()
        var fleet = Fleet(epoch: 1)
        var taken = [0, 0]
        var random = SeededRandom(seed: 1)
    }

    let coordinators: [CoordinatorStandIn]
    private let state: Mutex<State>
    private let start = ContinuousClock.now

    init(_ coordinators: [CoordinatorStandIn]) {
        self.coordinators = coordinators
        var state = State()
        state.cluster.isSynced = true
        for number in 1...2 {
            var node = NodeView(name: "n\(number)", uid: "n\(number)")
            node.labels["kubernetes.io/os"] = "linux"
            state.cluster.nodes[node.name] = node
        }
        state.configuration.reportIntervalSeconds = 1
        state.configuration.retry.initialSeconds = 1
        _ = state.fleet.adopt(state.configuration, at: Timestamp(milliseconds: 0))
        self.state = Mutex(state)
    }

    private var now: Timestamp {
        Timestamp(milliseconds: 1_000 + Int64((ContinuousClock.now - start) / .milliseconds(1)))
    }

    func want(_ references: [String]) {
        state.withLock { state in
            state.configuration.images = references.enumerated().compactMap { number, text in
                (try? ImageReference(text)).map { ImageEntry(name: "image-\(number)", reference: $0) }
            }
            _ = state.fleet.adopt(state.configuration, at: now)
        }
    }

    func step() {
        let reports = coordinators.map(\.reports)
        let assignments = state.withLock { state in
            let now = now
            for (number, all) in reports.enumerated() {
                for report in all.dropFirst(state.taken[number]) {
                    _ = state.fleet.ingest(
                        CheckedReport(modelled: report), platform: "linux/\(TestImage.ownArchitecture)", at: now,
                        using: &state.random)
                }
                state.taken[number] = all.count
            }
            let plan = Planner.plan(
                configuration: state.configuration, cluster: state.cluster, fleet: state.fleet, template: nil, now: now)
            _ = state.fleet.carryOut(plan, at: now)
            return (1...2).map { state.fleet.assignment(node: "n\($0)") }
        }
        for (coordinator, assignment) in zip(coordinators, assignments) where assignment.generation > 0 {
            coordinator.change { $0.model.assignment = assignment }
        }
    }

    var isHeard: Bool { state.withLock { $0.taken.allSatisfy { $0 > 0 } } }
    var deviations: [String] { state.withLock { $0.fleet.deviations(now: now).map(\.node) } }
    func message(_ node: Int) -> String? {
        state.withLock { $0.fleet.failure(node: "n\(node + 1)", column: 0)?.message }
    }
    func has(_ node: Int) -> Bool {
        state.withLock { $0.fleet.state(node: "n\(node + 1)", column: 0, now: now).isPresent }
    }
}
