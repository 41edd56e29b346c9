import Cluster
import Foundation
import ImageSets
import Planning
import Shared
import Synchronization
import Testing

@testable import Certificates
@testable import ConfigurationFixtures
@testable import ConfigurationParsing
@testable import Control
@testable import ControlFixtures
@testable import History
@testable import HistoryFixtures
@testable import KubernetesClient
@testable import Manifests
@testable import Reporting
@testable import TestBasics

@Suite("The keeper of the ConfigMap") struct ConfigurationKeeperTests {
    /// What came into force, newest last.
    final class Force: Sendable {
        private let all = Mutex<[(Configuration, Int)]>([])
        func add(_ configuration: Configuration, _ revision: Int) {
            all.withLock { $0.append((configuration, revision)) }
        }
        var last: Configuration? { all.withLock { $0.last?.0 } }
        var revision: Int? { all.withLock { $0.last?.1 } }
        var entries: [String] { last?.images.map { "\($0.name)=\($0.reference.written)" } ?? [] }
    }

    /// One life of a coordinator's keeper.
    static func live(
        _ cluster: SimulatedCluster, _ history: HistoryStore,
        adopt: @escaping @Sendable (_ revision: Int) async -> Void = { _ in },
        _ body: @Sendable (Force, ConfigurationBoard) async throws -> Void
    ) async throws {
        let force = Force()
        let board = ConfigurationBoard(configMap: "k8s-image-puller/k8s-image-puller")
        let keeper = ConfigurationKeeper(
            client: cluster.client, namespace: "k8s-image-puller", name: "k8s-image-puller",
            parser: ConfigurationParser(options: standardOptions),
            manifestOptions: ManifestOptions(serverURL: "http://127.0.0.1:1"), history: history,
            events: cluster.events, clock: CoordinatorClock(), board: board, logger: .quiet,
            storingInterval: .milliseconds(20)
        ) {
            await adopt($1)
            force.add($0, $1)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await keeper.run() }
            defer { group.cancelAll() }
            try await body(force, board)
        }
    }

    @Test("Findings are logged by their severity: what is only to be known is no warning")
    func levels() {
        #expect("\(Finding.Severity.info.logLevel)" == "info")
        #expect("\(Finding.Severity.warning.logLevel)" == "warning")
        #expect("\(Finding.Severity.error.logLevel)" == "error")
    }

    @Test("Order and last good references outlive a restart, with history", .timeLimit(.minutes(3)))
    func restart() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.createNamespace("k8s-image-puller")
            let history = memoryStore()
            try await cluster.configure("web=nginx;db=redis")
            let inForce = ["web=nginx", "db=redis", "new=busybox"]
            try await Self.live(cluster, history) { force, board in
                #expect(await soon { force.entries == ["web=nginx", "db=redis"] })
                try await cluster.configure("new=busybox;db=UPPER;web=nginx")
                #expect(await soon { force.entries == inForce })
                #expect(board.status.findings.contains { $0.severity == "error" })
            }
            try await Self.live(cluster, history) { force, _ in
                #expect(await soon { force.last != nil })
                #expect(force.entries == inForce)
                #expect(force.revision == 2)
            }
            // A ConfigMap that is broken at the start changes nothing.
            try await cluster.configure("new=busybox", ["CACHING_MEMORY_LIMIT": "abc"])
            try await Self.live(cluster, history) { force, board in
                #expect(await soon { !board.status.findings.isEmpty })
                #expect(force.entries == inForce)
                #expect(!board.status.isAccepted)
            }
        }
    }

    @Test("Without history the live DaemonSet tells both, and revisions are counted on", .timeLimit(.minutes(3)))
    func restartWithoutHistory() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.createNamespace("k8s-image-puller")
            var configuration = try Stage.configuration(["web=nginx", "db=redis"])
            configuration.agentImage = standardOptions.defaultAgentImage
            let manifest = try DaemonSetManifest(
                configuration, revision: 8, options: ManifestOptions(serverURL: "http://127.0.0.1:1"))
            try await cluster.client.apply(
                manifest.document, .daemonSets, name: manifest.name, namespace: manifest.namespace)
            try await cluster.configure("new=busybox;db=UPPER;web=nginx")
            try await cluster.client.mergePatch(
                ["metadata": ["annotations": ["image-puller/revision": "8"]]], .configMaps, name: "k8s-image-puller",
                namespace: "k8s-image-puller")
            try await Self.live(cluster, memoryStore()) { force, _ in
                #expect(await soon { force.last != nil })
                // Containers have normalised references; what the ConfigMap has is as its user wrote it.
                #expect(force.entries == ["web=nginx", "db=docker.io/library/redis:latest", "new=busybox"])
                #expect(force.revision == 9)
            }
        }
    }

    @Test("Who sees an edit's version finds it in force, or what was wrong with it", .timeLimit(.minutes(3)))
    func version() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.createNamespace("k8s-image-puller")
            try await cluster.configure("web=nginx")
            @Sendable func version() async throws -> String? {
                try await cluster.client.find(ConfigMap.self, "k8s-image-puller", namespace: "k8s-image-puller")?
                    .metadata.resourceVersion
            }
            let early = Mutex<[String?]>([])
            let boards = Mutex<ConfigurationBoard?>(nil)
            let adopt: @Sendable (Int) async -> Void = { _ in
                let seen = boards.withLock { $0?.status.resourceVersion }
                early.withLock { $0.append(seen) }
            }
            try await Self.live(cluster, memoryStore(), adopt: adopt) { force, board in
                boards.withLock { $0 = board }
                // The annotation with the revision makes a version of its own, which changes nothing.
                #expect(try await soon { try await version() == board.status.resourceVersion && force.revision == 1 })
                try await cluster.configure("web=nginx;db=redis")
                let second = try #require(try await version())
                #expect(await soon { LastEdit(board.status).includes(second) })
                #expect(force.entries == ["web=nginx", "db=redis"] && LastEdit(board.status).isWhole)
                // While it was being adopted the former one stood there still.
                let last = early.withLock { $0.last ?? nil }
                #expect(last != second && last != nil)
                try await cluster.configure("web=nginx;db=redis:7", ["PULL_MAX_PARALLEL": "lots"])
                let third = try #require(try await version())
                #expect(await soon { board.status.resourceVersion == third })
                let edit = LastEdit(board.status)
                #expect(!edit.isAccepted && edit.errors.contains { $0.hasPrefix("PULL_MAX_PARALLEL") })
                #expect(force.entries == ["web=nginx", "db=redis"])
            }
        }
    }

    @Test("Labels of somebody else's ConfigMap stay as they are", .timeLimit(.minutes(3)))
    func labels() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.createNamespace("k8s-image-puller")
            try await cluster.configure("web=nginx")
            let labels = ["app.kubernetes.io/managed-by": "Helm"]
            try await cluster.client.mergePatch(
                ["metadata": ["labels": .object(labels.mapValues { .string($0) })]], .configMaps,
                name: "k8s-image-puller", namespace: "k8s-image-puller")
            try await Self.live(cluster, memoryStore()) { _, _ in
                let isAnnotated = try await soon {
                    let map = try await cluster.client.find(
                        ConfigMap.self, "k8s-image-puller", namespace: "k8s-image-puller")
                    #expect(map?.metadata.labels == labels)
                    return map?.metadata.annotations[PodNames.revisionAnnotation] == "1"
                }
                #expect(isAnnotated)
            }
        }
    }

    @Test("A ConfigMap that is deleted comes back with what is in force", .timeLimit(.minutes(3)))
    func deleted() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.createNamespace("k8s-image-puller")
            try await cluster.configure("web=nginx")
            try await Self.live(cluster, memoryStore()) { force, board in
                #expect(await soon { force.entries == ["web=nginx"] })
                try await cluster.client.delete(
                    .configMaps, name: "k8s-image-puller", namespace: "k8s-image-puller")
                let isBack = try await soon {
                    let map = try await cluster.client.find(
                        ConfigMap.self, "k8s-image-puller", namespace: "k8s-image-puller")
                    return map?.data?["IMAGES"] == "web=nginx"
                }
                #expect(isBack)
                #expect(force.entries == ["web=nginx"])
            }
        }
    }

    @Test("A ConfigMap deleted before it was annotated comes back whole", .timeLimit(.minutes(3)))
    func deletedBeforeItWasAnnotated() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.createNamespace("k8s-image-puller")
            try await cluster.configure("web=nginx")
            let delete: @Sendable (Int) async -> Void = { revision in
                guard revision == 1 else { return }
                try? await cluster.client.delete(
                    .configMaps, name: "k8s-image-puller", namespace: "k8s-image-puller")
            }
            try await Self.live(cluster, memoryStore(), adopt: delete) { _, board in
                let isBack = try await soon {
                    let map = try await cluster.client.find(
                        ConfigMap.self, "k8s-image-puller", namespace: "k8s-image-puller")
                    return map?.data?["IMAGES"] == "web=nginx"
                        && map?.metadata.annotations[PodNames.revisionAnnotation] == "1"
                }
                #expect(isBack)
                #expect(board.status.isAccepted)
            }
        }
    }

    static func storedNumber(_ history: HistoryStore) async -> Int64? {
        let set = "k8s-image-puller/k8s-image-puller"
        let revision = try? await history.lastAcceptedRevision(imageSet: set)
        return revision?.number
    }

    @Test("A revision that history lost is stored again", .timeLimit(.minutes(3)))
    func storedAgain() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.createNamespace("k8s-image-puller")
            try await cluster.configure("web=nginx")
            let folder = try HistoryFolder()
            let file = folder.database
            // No database can be made where a folder is.
            try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
            let history = folder.store()
            try await Self.live(cluster, history) { force, _ in
                let isInForce = await soon { force.entries == ["web=nginx"] }
                #expect(isInForce)
                try? FileManager.default.removeItem(atPath: file)
                let isStored = await soon { await Self.storedNumber(history) == 1 }
                #expect(isStored)
            }
            await history.close()
            withExtendedLifetime(folder) {}
        }
    }
}
