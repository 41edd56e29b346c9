import FoundationEssentials
import Logging
import Shared
import Synchronization
import Testing

@testable import Certificates
@testable import ControlFixtures
@testable import KubernetesClient
@testable import TestBasics

@Suite("The keeper of the certificates") struct CertificateKeeperTests {
    /// A clock that tests move, and what people were told.
    final class Surroundings: Sendable {
        private let state = Mutex((now: Date(), warnings: [String]()))
        var now: Date { state.withLock { $0.now } }
        var warnings: [String] { state.withLock { $0.warnings } }
        func pass(_ seconds: Double) { state.withLock { $0.now += seconds } }
        func warn(_ text: String) { state.withLock { $0.warnings.append(text) } }
    }

    static let namespace = "k8s-image-puller"
    static let secret = "kubernetes-image-puller-tls"
    static let configMap = "kubernetes-image-puller-ca"

    static func keeper(_ cluster: SimulatedCluster, _ surroundings: Surroundings) throws -> CertificateKeeper {
        CertificateKeeper(
            client: cluster.client, namespace: namespace, service: "kubernetes-image-puller", names: ["localhost"],
            identity: try ServingIdentity(), now: { surroundings.now }, logger: .quiet
        ) { surroundings.warn("\($0): \($1)") }
    }

    static func bundle(_ cluster: SimulatedCluster, _ namespace: String = namespace) async throws -> String? {
        try await cluster.client.find(ConfigMap.self, configMap, namespace: namespace)?.data?["ca.crt"]
    }

    static func stored(_ cluster: SimulatedCluster) async throws -> CertificateSecret.Reading? {
        try await cluster.client.find(Secret.self, secret, namespace: namespace).map {
            CertificateSecret.read($0.data ?? [:])
        }
    }

    @Test("Made once, kept over restarts, published where agents are", .timeLimit(.minutes(3)))
    func keeps() async throws {
        try await SimulatedCluster.run { cluster in
            for name in [Self.namespace, "elsewhere"] { try await cluster.createNamespace(name) }
            let surroundings = Surroundings()
            let keeper = try Self.keeper(cluster, surroundings)
            _ = await keeper.lookAfter()
            let state = await keeper.state
            #expect(try await Self.stored(cluster)?.state == state)
            #expect(try await Self.bundle(cluster) == state.bundle)
            try await keeper.publish(in: "elsewhere")
            #expect(try await Self.bundle(cluster, "elsewhere") == state.bundle)
            try await keeper.withdraw(from: "elsewhere")
            #expect(try await Self.bundle(cluster, "elsewhere") == nil)

            // The next process, and one beside it.
            let second = try Self.keeper(cluster, surroundings)
            _ = await second.lookAfter()
            #expect(await second.state == state)
            #expect(surroundings.warnings == [])
        }
    }

    @Test(
        "Deleted or damaged by hand, the Secret is as it was; damaged while nobody looked, it is made anew",
        .timeLimit(.minutes(3)))
    func damage() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.createNamespace(Self.namespace)
            let surroundings = Surroundings()
            let keeper = try Self.keeper(cluster, surroundings)
            _ = await keeper.lookAfter()
            let state = await keeper.state
            try await cluster.client.delete(.secrets, name: Self.secret, namespace: Self.namespace)
            try await cluster.client.delete(.configMaps, name: Self.configMap, namespace: Self.namespace)
            _ = await keeper.lookAfter()
            #expect(try await Self.stored(cluster)?.state == state)
            #expect(try await Self.bundle(cluster) == state.bundle)

            let garbage: JSONValue = ["data": ["ca.key": .string(Data("garbage".utf8).base64EncodedString())]]
            try await cluster.client.mergePatch(garbage, .secrets, name: Self.secret, namespace: Self.namespace)
            _ = await keeper.lookAfter()
            #expect(try await Self.stored(cluster)?.state == state)
            #expect(surroundings.warnings.count == 1)

            try await cluster.client.mergePatch(garbage, .secrets, name: Self.secret, namespace: Self.namespace)
            let next = try Self.keeper(cluster, surroundings)
            _ = await next.lookAfter()
            let renewed = try #require(try await Self.stored(cluster))
            #expect(renewed.problems == [] && renewed.state.authority != nil)
            #expect(renewed.state.authority != state.authority)
            #expect(try await Self.bundle(cluster) == renewed.state.bundle)
            #expect(surroundings.warnings.allSatisfy { $0.hasPrefix("CertificateSecretDamaged") })
            #expect(!surroundings.warnings.joined().contains("PRIVATE"))
        }
    }

    @Test("Of two coordinators one rotates, and the other follows", .timeLimit(.minutes(3)))
    func two() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.createNamespace(Self.namespace)
            let surroundings = Surroundings()
            let keepers = [try Self.keeper(cluster, surroundings), try Self.keeper(cluster, surroundings)]
            @Sendable func look() async {
                await withTaskGroup(of: Void.self) { group in
                    for keeper in keepers { group.addTask { _ = await keeper.lookAfter() } }
                }
            }
            await look()
            await look()
            for keeper in keepers { try await keeper.publish(in: Self.namespace) }
            let first = try #require(await keepers[0].state.authority)
            #expect(await keepers[1].state == keepers[0].state)
            // A year later than the authority was made it is another one, over all steps.
            for _ in 0..<80 {
                surroundings.pass(4 * 86_400)
                await look()
                await look()
                let (one, other) = (await keepers[0].state, await keepers[1].state)
                #expect(one == other)
                #expect(one.serving?.isValid(at: surroundings.now) == true)
            }
            let stored = try #require(try await Self.stored(cluster)).state
            #expect(stored.authority != first)
            #expect(try await Self.bundle(cluster) == stored.bundle)
            #expect(surroundings.warnings == [])
        }
    }
}
