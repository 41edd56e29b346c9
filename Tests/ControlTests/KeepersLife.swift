import Testing

@testable import ConfigurationFixtures
@testable import ConfigurationParsing
@testable import Control
@testable import ControlFixtures
@testable import History
@testable import HistoryFixtures
@testable import KubernetesClient
@testable import Manifests
@testable import TestBasics

/// One life of the keepers of all image sets, on a simulated API server.
struct KeepersLife: Sendable {
    static let namespace = "k8s-image-puller"

    let cluster: SimulatedCluster
    let loop: ControlLoop
    let board: ConfigurationBoard

    func set(_ name: String) -> ConfigurationStatus? { board.status.sets?.first { $0.imageSet == name } }

    static func run(
        _ cluster: SimulatedCluster, history: HistoryStore = memoryStore(), objects: PullerScope = .nobodys,
        times: PullerTimes = PullerTimes(), _ body: @Sendable (KeepersLife) async throws -> Void
    ) async throws {
        let stage = Stage()
        let board = ConfigurationBoard(configMap: "\(namespace)/k8s-image-puller")
        let keeper = ImageSetKeeper(
            parts: KeeperParts(
                client: cluster.client, namespace: namespace, extraNamespaces: [], main: "k8s-image-puller",
                objects: objects, objectTimes: times, parser: ConfigurationParser(options: standardOptions),
                manifest: ManifestOptions(serverURL: "http://127.0.0.1:1"),
                surroundings: DaemonSetKeeperTests.Surroundings(), history: history, events: cluster.events,
                clock: CoordinatorClock(), logger: .quiet, loop: stage.loop), board: board)
        let watcher = ClusterWatcher(client: cluster.client, loop: stage.loop, logger: .quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await keeper.run() }
            group.addTask { await watcher.followNodes() }
            group.addTask { await stage.loop.run() }
            defer { group.cancelAll() }
            try await body(KeepersLife(cluster: cluster, loop: stage.loop, board: board))
        }
    }
}
