import Cluster
import Foundation
import Planning
import RealRuntime
import Shared
import Testing

@testable import NodeAgent

/// A runtime that somebody has started: `IMAGE_PULLER_TEST_RUNTIME_SOCKET`, a CRI socket, and
/// `IMAGE_PULLER_TEST_RUNTIME_FLAVOUR`, `containerd` or `cri-o`. It must take images from
/// `127.0.0.1:IMAGE_PULLER_TEST_REGISTRY_PORT` without TLS.
private struct GivenRuntime: Sendable {
    enum Flavour: String, Sendable {
        case containerd
        case crio = "cri-o"
    }

    let socket: String
    let flavour: Flavour
    let registryPort: Int

    /// Nil: none is given.
    static let given: GivenRuntime? = {
        let environment = ProcessInfo.processInfo.environment
        guard let socket = environment["IMAGE_PULLER_TEST_RUNTIME_SOCKET"],
            let flavour = environment["IMAGE_PULLER_TEST_RUNTIME_FLAVOUR"].flatMap(Flavour.init(rawValue:)),
            let port = environment["IMAGE_PULLER_TEST_REGISTRY_PORT"].flatMap({ Int($0) })
        else { return nil }
        return GivenRuntime(socket: socket, flavour: flavour, registryPort: port)
    }()
}

extension RealRuntimeTests {
    /// The agent's program on a runtime that isn't Debian's containerd.
    @Suite(.serialized, .enabled(if: GivenRuntime.given != nil, "no runtime is given by the environment"))
    struct GivenRuntimeTests {
        /// An agent on the given runtime, and a registry or what stands before it at the port that the runtime knows.
        private func scene(
            _ fault: FaultyProxy.Fault? = nil, times: Int? = nil,
            _ body: @escaping @Sendable (GivenNode) async throws -> Void
        ) async throws {
            let given = try #require(GivenRuntime.given)
            try await RealMachine.with { machine in
                let registry = try await machine.registry(port: fault == nil ? given.registryPort : nil)
                if let fault {
                    _ = try await machine.proxy(
                        before: registry, fault, path: "/blobs/", times: times, port: given.registryPort)
                }
                try await CoordinatorStandIn.run { coordinator in
                    coordinator.assign([], interval: .seconds(1))
                    let agent = try RealAgent(machine, sockets: [given.socket], coordinator: coordinator)
                    let node = GivenNode(
                        registry: registry, coordinator: coordinator, runtime: CRIRuntime(socket: given.socket),
                        host: "127.0.0.1:\(given.registryPort)", flavour: given.flavour)
                    do {
                        try await node.clear()
                        try await body(node)
                        try await node.clear()
                    } catch {
                        await agent.daemon.stop()
                        throw error
                    }
                    await agent.daemon.stop()
                }
            }
        }

        @Test("It pulls, lists and reports what the runtime has, by the runtime's own words")
        func pulls() async throws {
            try await scene { node in
                await eventually("the runtime is told") {
                    node.coordinator.reports.last.map {
                        $0.runtime.name.hasPrefix(node.flavour.rawValue) && !$0.runtime.version.isEmpty
                    } ?? false
                }
                let reference = try await node.push(try .busybox("one"), as: "team/app:1")
                let attempt = try await node.pull(reference)
                #expect(attempt.outcome == .succeeded, "\(attempt.message)")
                let image = try #require(node.coordinator.images.first { $0.tags.contains(reference) })
                #expect(image.id == attempt.imageID && image.size == attempt.bytes && image.size > 0)
                #expect(image.digests.contains { $0.hasPrefix("\(node.host)/team/app@sha256:") })
                // Nothing new comes with a second pull.
                let again = try await node.pull(reference)
                #expect(again.outcome == .succeeded && again.bytes == 0, "\(again.message)")
            }
        }

        @Test("What isn't there is told as such")
        func absent() async throws {
            try await scene { node in
                for reference in [
                    "\(node.host)/team/absent:1", "\(node.host)/team/app@sha256:\(String(repeating: "0", count: 64))",
                ] {
                    let attempt = try await node.pull(reference)
                    #expect(attempt.outcome == .failed)
                    #expect(FailureClassifier.reason(of: attempt) == .notFound, "\(attempt.message)")
                }
            }
        }

        @Test("A layer that is refused is asked for again, until the image is there", arguments: [503, 500])
        func blob(status: Int) async throws {
            try await scene(.status(status), times: 2) { node in
                let reference = try await node.push(.scratch("blob"), as: "team/app:3")
                var messages: [String] = []
                for _ in 0..<4 {
                    let attempt = try await node.pull(reference)
                    guard attempt.outcome == .failed else { break }
                    let read = FailureExplanation(message: attempt.message, grpcCode: Int(attempt.grpcCode))
                    #expect(read.reason == .registryUnavailable && read.breaksOff, "\(attempt.message)")
                    messages.append(attempt.message)
                }
                #expect(node.coordinator.attempts.last?.outcome == .succeeded, "\(messages)")
            }
        }

        @Test("A damaged image is removed before a pull, unless it has another tag")
        func removal() async throws {
            try await scene { node in
                let reference = try await node.push(try .busybox("removal"), as: "team/app:4")
                #expect(try await node.pull(reference).outcome == .succeeded)
                let mended = try await node.pull(reference, removeFirst: true)
                #expect(mended.outcome == .succeeded && mended.bytes > 0, "all of it was fetched: \(mended.message)")
                let other = try await node.push(try .busybox("removal"), as: "team/app:5")
                #expect(try await node.pull(other).outcome == .succeeded)
                let kept = try await node.pull(reference, removeFirst: true)
                #expect(kept.outcome == .succeeded && kept.bytes == 0, "it stayed: \(kept.message)")
                let tags = node.coordinator.images.flatMap(\.tags)
                #expect(tags.contains(reference) && tags.contains(other), "\(tags)")
            }
        }

        @Test("A pull that doesn't end is ended by its deadline")
        func stall() async throws {
            try await scene(.stall(seconds: 600)) { node in
                let reference = try await node.push(.scratch("stall"), as: "team/app:6")
                let attempt = try await node.pull(reference, seconds: 3)
                #expect(attempt.outcome == .timedOut)
                #expect(FailureClassifier.reason(of: attempt) == .timeout)
            }
        }
    }
}

/// The agent on the given runtime.
private struct GivenNode: Sendable {
    let registry: Registry
    let coordinator: CoordinatorStandIn
    let runtime: CRIRuntime
    /// As the runtime asks for images.
    let host: String
    let flavour: GivenRuntime.Flavour

    /// Makes an image; returns its reference for the runtime.
    func push(_ image: TestImage, as name: String) async throws -> String {
        try await registry.push(image, as: name)
        return "\(host)/\(name)"
    }

    func pull(_ reference: String, seconds: UInt32 = 60, removeFirst: Bool = false) async throws -> WireAttempt {
        let id = coordinator.change { UInt64($0.model.attempts.count) + 1 }
        var pull = WirePull.of(id, reference, seconds: seconds)
        pull.removeFirst = removeFirst
        coordinator.assign([reference], pulls: [pull], interval: .seconds(1))
        await eventually("an attempt at \(reference)", within: .seconds(120)) {
            coordinator.attempts.contains { $0.pullID == id }
        }
        guard let attempt = coordinator.attempts.first(where: { $0.pullID == id }) else {
            throw RealRuntimeError("no attempt at \(reference)")
        }
        return attempt
    }

    /// Removes what earlier tests left.
    func clear() async throws {
        for image in try await runtime.images() {
            for tag in image.repoTags where tag.hasPrefix(host) { try await runtime.remove(tag, timeout: .seconds(60)) }
        }
    }
}
