import Cluster
import ImageSets
import Planning
import Testing

@testable import ConfigurationParsing
@testable import Control
@testable import ControlFixtures
@testable import KubernetesClient
@testable import Manifests
@testable import TestBasics

@Suite("Pods that the platform keeps away") struct PodsKeptAwayTests {
    private static let now = Timestamp(milliseconds: 1_000_000)
    private static let full =
        "0/3 nodes are available: 1 Too many pods, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]."
    private static let quota =
        "pods is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1"

    private static func cluster() -> ClusterView {
        var cluster = ClusterView()
        for name in ["n1", "n2", "n3"] { cluster.nodes[name] = Stage.node(name) }
        cluster.pods = PodTable([PodView(name: "p1", uid: "p1", node: "n1")])
        var waiting = PodView(name: "p2", uid: "p2", node: "n2")
        waiting.message = full
        waiting.createdAt = now + -60
        cluster.unscheduled = ["p2": waiting]
        return cluster
    }

    @Test("The scheduler's and the API server's words are told, with the nodes")
    func words() throws {
        let configuration = try Stage.configuration()
        let away = try #require(
            PodsKeptAway(Self.cluster(), configuration, whyNone: Self.quota, now: Self.now))
        #expect(away.unplaced == ["n2"] && away.bare == ["n3"] && away.targets == 3)
        let text = away.finding(daemonSet: "d", namespace: "n").description
        #expect(text.contains("2 of 3 target nodes") && text.contains(Self.full) && text.contains(Self.quota))
    }

    @Test("A node without a pod alone tells nothing, nor does a pod that was just made or a node that isn't a target")
    func patience() throws {
        var configuration = try Stage.configuration()
        var cluster = Self.cluster()
        #expect(PodsKeptAway(cluster, configuration, whyNone: nil, now: Self.now)?.bare == [])
        cluster.unscheduled["p2"]?.createdAt = Self.now + -5
        #expect(PodsKeptAway(cluster, configuration, whyNone: nil, now: Self.now) == nil)
        configuration.scheduling.nodeSelector = ["pool": "other"]
        #expect(PodsKeptAway(Self.cluster(), configuration, whyNone: Self.quota, now: Self.now) == nil)
    }

    @Test("A quota that keeps pods away is told in its own words", .timeLimit(.minutes(3)))
    func exceededQuota() async throws {
        try await SimulatedCluster.run(nodes: 2) { cluster in
            let namespace = "k8s-image-puller"
            try await cluster.createNamespace(namespace)
            try await cluster.annotateNamespace(namespace, ["cluster-simulator/pod-quota": "0"])
            let stage = Stage()
            let options = ManifestOptions(serverURL: "http://127.0.0.1:1")
            let keeper = DaemonSetKeeper(
                client: cluster.client, options: options, configMap: SimulatedCluster.configMap,
                namespaces: [namespace], surroundings: DaemonSetKeeperTests.Surroundings(), events: cluster.events,
                logger: .quiet, loop: stage.loop)
            let watcher = ClusterWatcher(client: cluster.client, loop: stage.loop, logger: .quiet)
            let creation = PodCreationWatch(
                client: cluster.client, loop: stage.loop, logger: .quiet, interval: .milliseconds(100))
            let board = ConfigurationBoard(configMap: "a/b")
            let fit = ClusterFitWatch(
                loop: stage.loop, board: board, options: options, configMap: SimulatedCluster.configMap,
                events: cluster.events, logger: .quiet, interval: .milliseconds(100))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await keeper.run() }
                group.addTask { await watcher.followNodes() }
                group.addTask { await stage.loop.run() }
                group.addTask { await creation.run() }
                group.addTask { await fit.run() }
                defer { group.cancelAll() }
                let configuration = try DaemonSetKeeperTests.configuration()
                await stage.loop.adopt(configuration, revision: 1)
                await keeper.want(configuration, revision: 1)
                let isTold = await soon {
                    board.status.findings.contains {
                        $0.message.contains("2 of 2 target nodes") && $0.message.contains("exceeded quota: pods")
                    }
                }
                #expect(isTold)
                let isEvent = try await soon {
                    try await cluster.client.list(Event.self, Selection(namespace: namespace)).items
                        .contains { $0.reason == "PodsKeptAway" && $0.message?.contains("exceeded quota") == true }
                }
                #expect(isEvent)
                // More room: the words go.
                try await cluster.annotateNamespace(namespace, ["cluster-simulator/pod-quota": "9"])
                try await cluster.annotateNodes()
                #expect(await soon { board.status.findings.allSatisfy { !$0.key.hasPrefix("DaemonSet/") } })
            }
        }
    }
}
