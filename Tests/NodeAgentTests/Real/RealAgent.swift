import Glibc
import RealRuntime
import Shared
import Testing

/// The agent's program, as a pod would run it.
struct RealAgent {
    let daemon: Daemon

    /// Starts it on a machine. Secrets that are written to `secrets` later are found.
    init(_ machine: RealMachine, node: String = "real-node", sockets: [String], coordinator: CoordinatorStandIn) throws
    {
        let token = machine.directory + "/token"
        try TextFile.write(token, CoordinatorStandIn.token)
        // How full the disk of this machine is decides nothing: agents are told of one of their own.
        let disk = machine.directory + "/disk"
        try TextFile.write(disk, "\(100 << 30) \(90 << 30)\n")
        daemon = try machine.daemon(
            RealMachine.product("node-agent"), [],
            environment: [
                "IMAGE_PULLER_NODE": node, "IMAGE_PULLER_SERVER": coordinator.address,
                "IMAGE_PULLER_TOKEN_FILE": token, "IMAGE_PULLER_RUNTIME_SOCKETS": sockets.joined(separator: ","),
                "IMAGE_PULLER_PULL_SECRETS": Self.secrets(machine), "IMAGE_PULLER_LOG_LEVEL": "debug",
                "IMAGE_PULLER_IMAGE_ROOT": disk, "MALLOC_ARENA_MAX": "2",
            ], name: "agent-of-\(node)")
    }

    static func secrets(_ machine: RealMachine) -> String { machine.directory + "/pull-secrets" }
}

/// A containerd, the agent's program on it, and a coordinator that it reports to.
struct RealNode: Sendable {
    let machine: RealMachine
    let containerd: Containerd
    let coordinator: CoordinatorStandIn

    static func with(
        rootBytes: Int? = nil, interval: Duration = .seconds(1),
        _ body: @escaping @Sendable (RealNode) async throws -> Void
    ) async throws {
        try await RealMachine.with { machine in
            let containerd = try await machine.containerd(rootBytes: rootBytes)
            try await CoordinatorStandIn.run { coordinator in
                coordinator.assign([], interval: interval)
                let agent = try RealAgent(
                    machine, sockets: [machine.directory + "/nothing.sock", containerd.socket],
                    coordinator: coordinator)
                try await body(RealNode(machine: machine, containerd: containerd, coordinator: coordinator))
                // A coordinator that listens is told everything in no time.
                agent.daemon.signal(SIGTERM)
                let status = try await agent.daemon.end(within: .seconds(12))
                if status != 0 { throw RealRuntimeError("the agent ended with \(status): \(agent.daemon.output())") }
            }
        }
    }

    /// Assigns one pull and waits for its attempt.
    func pull(
        _ reference: String, seconds: UInt32 = 60, interval: Duration = .seconds(1), removeFirst: Bool = false
    ) async throws -> WireAttempt {
        let id = coordinator.change { UInt64($0.model.attempts.count) + 1 }
        var pull = WirePull.of(id, reference, seconds: seconds)
        pull.removeFirst = removeFirst
        coordinator.assign([reference], pulls: [pull], interval: interval)
        await eventually("an attempt at \(reference)", within: .seconds(60)) {
            coordinator.attempts.contains { $0.pullID == id }
        }
        guard let attempt = coordinator.attempts.first(where: { $0.pullID == id }) else {
            throw RealRuntimeError("no attempt at \(reference)")
        }
        return attempt
    }

    /// What the coordinator knows, in the words of `ctr images ls`.
    var names: [String] { coordinator.images.flatMap { [$0.id] + $0.tags + $0.digests }.sorted() }

    /// Waits until the coordinator knows exactly what `ctr` shows.
    func agrees(_ what: String) async throws {
        let agreed = try await eventually("the inventory is the runtime's, \(what)") {
            try await containerd.images() == names
        }
        if !agreed { throw RealRuntimeError("ctr: \(try await containerd.images()); agent: \(names)") }
    }
}
