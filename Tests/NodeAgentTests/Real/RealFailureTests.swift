import Cluster
import Glibc
import Planning
import RealRuntime
import Shared
import Testing

extension RealRuntimeTests {
    /// What goes wrong on real nodes, in the runtime's own words.
    @Suite(.serialized) struct RealFailureTests {
        /// The failed attempt's message has all of these in it, and the coordinator reads this reason from it.
        private func fails(
            _ node: RealNode, _ reference: String, _ reason: FailureReason, code: UInt32, seconds: UInt32 = 60,
            _ words: String...
        ) async throws {
            let attempt = try await node.pull(reference, seconds: seconds)
            #expect(attempt.outcome == .failed, "\(reference)")
            #expect(attempt.grpcCode == code, "\(attempt.message)")
            #expect(FailureClassifier.reason(of: attempt) == reason, "\(attempt.message)")
            for word in words { #expect(attempt.message.contains(word), "\(attempt.message)") }
        }

        @Test func registriesRefuse() async throws {
            try await RealNode.with { node in
                let registry = try await node.machine.registry()
                try node.containerd.allow(registry.host)
                try await registry.push(.scratch("one"), as: "team/app:1")
                try await fails(node, "\(registry.host)/team/app:2", .notFound, code: 5, "team/app:2", "not found")
                try await fails(
                    node, "\(registry.host)/team/absent:1", .notFound, code: 5, "team/absent:1", "not found")
                let digest = "sha256:" + String(repeating: "0", count: 64)
                try await fails(node, "\(registry.host)/team/app@\(digest)", .notFound, code: 5, digest, "not found")
                try await fails(
                    node, "\(registry.host)/Team/App:1", .invalidReference, code: 2, "invalid reference format")

                // Insists on TLS where none is spoken.
                try node.containerd.allow("localhost:\(registry.port)", scheme: "https")
                try await fails(
                    node, "localhost:\(registry.port)/team/app:1", .tls, code: 2,
                    "server gave HTTP response to HTTPS client")

                let down = try LoopbackPort.find()
                try node.containerd.allow("127.0.0.1:\(down)")
                try await fails(
                    node, "127.0.0.1:\(down)/team/app:1", .registryUnavailable, code: 2, "connection refused")
                try await fails(node, "registry.invalid/team/app:1", .network, code: 2, "registry.invalid")
            }
        }

        @Test func aRegistryThatAsksForAPasswordGetsIt() async throws {
            try await RealNode.with { node in
                let registry = try await node.machine.registry(credentials: ("puller", "right-password"))
                try node.containerd.allow(registry.host)
                let reference = try await registry.push(.scratch("secret"), as: "team/app:1")
                try await fails(node, reference, .unauthorized, code: 2, "401 Unauthorized")
                let before = node.coordinator.reports.last?.pullSecretsDigest

                func secret(_ name: String, _ password: String) throws {
                    try TextFile.write(
                        "\(RealAgent.secrets(node.machine))/\(name)/.dockerconfigjson",
                        #"{"auths":{"\#(registry.host)":{"username":"puller","password":"\#(password)"}}}"#)
                }
                try secret("a", "wrong-password")
                try await fails(node, reference, .unauthorized, code: 2, "401 Unauthorized")
                await eventually("the secrets' change is told of") {
                    node.coordinator.reports.last?.pullSecretsDigest != before
                }
                try secret("b", "right-password")
                let attempt = try await node.pull(reference)
                #expect(attempt.outcome == .succeeded, "\(attempt.message)")
                try await node.agrees("after a pull with a password")
                let told = node.coordinator.reports.map { "\($0)" }.joined()
                #expect(!told.contains("right-password") && !told.contains("wrong-password"))
            }
        }

        @Test func aDeadlinePasses() async throws {
            try await RealNode.with { node in
                let silent = try LoopbackPort.silent()
                defer { close(silent.descriptor) }
                try node.containerd.allow("127.0.0.1:\(silent.port)")
                let attempt = try await node.pull("127.0.0.1:\(silent.port)/team/app:1", seconds: 2)
                #expect(attempt.outcome == .timedOut)
                #expect(FailureClassifier.reason(of: attempt) == .timeout)
                #expect(attempt.startedAgeMs - attempt.endedAgeMs >= 1_700)
            }
        }

        @Test func aDiskIsFull() async throws {
            try await RealNode.with(rootBytes: 24 << 20) { node in
                let registry = try await node.machine.registry()
                try node.containerd.allow(registry.host)
                let reference = try await registry.push(try .random(bytes: 40 << 20), as: "large:1")
                try await fails(node, reference, .diskFull, code: 2, "no space left on device")
                // There's room for a small one still.
                let small = try await registry.push(.scratch("small"), as: "small:1")
                #expect(try await node.pull(small).outcome == .succeeded)
                try await node.agrees("on a full disk")
            }
        }

        @Test func aDamagedImageIsRemovedAndPulledAgain() async throws {
            try await RealNode.with { node in
                let registry = try await node.machine.registry()
                try node.containerd.allow(registry.host)
                let reference = try await registry.push(try .busybox("damaged"), as: "team/app:1")
                #expect(try await node.pull(reference).outcome == .succeeded)
                let id = try #require(node.coordinator.images.first { $0.tags == [reference] }?.id)
                let damage = { try node.containerd.loseContent(id) }

                // What it believes to have it doesn't fetch, however often it is asked.
                try damage()
                for _ in 0..<2 { try await fails(node, reference, .nodeStorage, code: 5, "blob not found") }
                let mended = try await node.pull(reference, removeFirst: true)
                #expect(mended.outcome == .succeeded, "\(mended.message)")
                #expect(mended.imageID == id)
                #expect(mended.bytes > 0, "all of it was fetched")
                try await node.agrees("after the removal")

                // With another tag it stays, and so does that one.
                let other = try await registry.push(try .busybox("damaged"), as: "team/app:2")
                #expect(try await node.pull(other).outcome == .succeeded)
                try damage()
                let kept = try await node.pull(reference, removeFirst: true)
                #expect(kept.outcome == .failed)
                #expect(FailureClassifier.reason(of: kept) == .nodeStorage, "\(kept.message)")
                #expect(node.coordinator.images.map(\.tags) == [[reference, other]])
            }
        }

        @Test func theRuntimeIsRestartedInThePull() async throws {
            try await RealNode.with { node in
                let registry = try await node.machine.registry()
                try node.containerd.allow(registry.host)
                let first = try await registry.push(.scratch("first"), as: "first:1")
                let second = try await registry.push(try .random(bytes: 100 << 20), as: "second:1")
                #expect(try await node.pull(first).outcome == .succeeded)

                // The registry falls silent, so that the pull is under way for sure.
                registry.daemon.signal(SIGSTOP)
                node.coordinator.assign([first, second], pulls: [.of(77, second)], interval: .seconds(1))
                await eventually("the pull runs") { node.coordinator.reports.last?.running.map(\.pullID) == [77] }
                try await node.containerd.kill()
                await eventually("the attempt failed") { node.coordinator.attempts.contains { $0.pullID == 77 } }
                let attempt = try #require(node.coordinator.attempts.first { $0.pullID == 77 })
                #expect(attempt.outcome == .failed)
                #expect(attempt.grpcCode == 14, "\(attempt.message)")
                #expect(FailureClassifier.reason(of: attempt) == .runtimeUnavailable, "\(attempt.message)")
                #expect(attempt.message.contains(node.containerd.socket), "\(attempt.message)")
                await eventually("the runtime's absence is told of") {
                    [.notAnswering, .socketMissing].contains(node.coordinator.reports.last?.runtime.fault)
                }
                #expect(node.coordinator.images.map(\.tags) == [[first]], "what is known of the node stands")

                registry.daemon.signal(SIGCONT)
                try await node.containerd.start()
                await eventually("the runtime is back") {
                    node.coordinator.reports.last?.runtime.fault == WireRuntimeFault.none
                }
                #expect(try await node.pull(second).outcome == .succeeded)
                try await node.agrees("after a restart of the runtime")
            }
        }
    }
}
