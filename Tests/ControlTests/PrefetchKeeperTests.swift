import ImageSets
import Planning
import Shared
import Testing

@testable import ConfigurationParsing
@testable import Control
@testable import ControlFixtures
@testable import KubernetesClient
@testable import Manifests
@testable import Reporting
@testable import TestBasics

@Suite("Prefetches", .timeLimit(.minutes(3))) struct PrefetchKeeperTests {
    static let namespace = "k8s-image-puller"

    private static func hub(_ name: String) -> String { "docker.io/library/\(name):latest" }

    /// A keeper on a simulated API server, and a loop with one node whose agent has reported.
    private static func live(
        _ cluster: SimulatedCluster, _ stage: Stage, _ body: @Sendable (PrefetchKeeper) async throws -> Void
    ) async throws {
        let keeper = PrefetchKeeper(client: cluster.client, namespace: namespace, loop: stage.loop, logger: .quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await keeper.run() }
            defer { group.cancelAll() }
            #expect(await soon { (try? await keeper.list()) != nil })
            try await body(keeper)
        }
    }

    @Test("The agent pulls it, coverage tells, and a cancelled one is forgotten while its image stays")
    func life() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.createNamespace(Self.namespace)
            try await Stage().run(try Stage.configuration(), nodes: [Stage.node("n1"), Stage.node("n2")]) { stage in
                try await stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }
                try await Self.live(cluster, stage) { keeper in
                    let made = try await keeper.create(PrefetchRequest(references: ["redis"], nodes: ["n1"]))
                    #expect(made.coverage?.total.cells == 1, "n2 isn't meant")
                    #expect(made.coverage?.total.present == 0)
                    #expect(
                        try await soon {
                            try await stage.send("n1", 2).assignment.pulls.map(\.reference) == [Self.hub("redis")]
                        })
                    let reply = try await stage.send("n1", 2)
                    #expect(reply.assignment.images.map(\.reference) == ["nginx", "redis"].map(Self.hub))
                    try await stage.send("n1", 1000) {
                        $0.full.images = [.listed("nginx"), .listed("redis")]
                        $0.attempts = [.of(reply.assignment.pulls.first?.id ?? 0, .succeeded)]
                    }
                    #expect(try await keeper.status(made.name).coverage?.total.present == 1)
                    // The list's own coverage knows nothing of it.
                    let own = await stage.loop.snapshot()
                    #expect(own?.fleet.entryColumns.count == 1)

                    _ = try await keeper.cancel(made.name)
                    #expect(try await cluster.client.find(ConfigMap.self, made.name, namespace: Self.namespace) == nil)
                    #expect(
                        try await soon {
                            try await stage.send("n1", 2000).assignment.images.map(\.reference) == [Self.hub("nginx")]
                        })
                    await #expect(throws: PrefetchRefusal.unknown(made.name)) { try await keeper.status(made.name) }
                    // What names no node of the list's, or fewer than are asked for, is told.
                    for (request, problem) in [
                        (PrefetchRequest(references: ["redis"], nodes: ["typo"]), "no target node is called typo"),
                        (PrefetchRequest(references: ["redis"], nodes: ["n1", "typo"]), "of 2 nodes 1 is there"),
                        (PrefetchRequest(references: ["redis"], selector: ["a": "b"]), "no target node has a=b"),
                        (PrefetchRequest(references: ["redis"], nodeCount: 5), "of 5 nodes 2 are there"),
                        (PrefetchRequest(references: ["redis"], nodes: ["n2"], nodeCount: 1), nil),
                    ] {
                        let status = try await keeper.create(request)
                        #expect(status.problem == problem)
                        _ = try await keeper.cancel(status.name)
                    }
                }
            }
        }
    }

    @Test("It outlives the coordinator, ends by itself, and can be made by kubectl")
    func restart() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.createNamespace(Self.namespace)
            try await Stage().run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
                try await Self.live(cluster, stage) { keeper in
                    let request = PrefetchRequest(
                        references: ["redis", "docker.io/library/redis:latest", "busybox:1"],
                        selector: ["pool": "a"], nodeCount: 3)
                    _ = try await keeper.create(request)
                }
                try await Self.live(cluster, stage) { keeper in
                    let all = try await keeper.list().prefetches
                    #expect(all.map(\.references) == [["redis", "busybox:1"]], "a reference counts once")
                    #expect(all.first?.selector == ["pool": "a"] && all.first?.nodeCount == 3)
                    let name = all.first?.name ?? ""
                    // Somebody shortens its life, and makes others by hand.
                    try await cluster.client.mergePatch(
                        ["data": ["ENDS_AT": "2020-01-01T00:00:00Z"]], .configMaps, name: name,
                        namespace: Self.namespace)
                    for (name, data) in [
                        ("by-hand", ["IMAGES": "alpine", "ENDS_AT": "2999-01-01T00:00:00Z"]),
                        ("broken", ["IMAGES": "Not A Reference", "ENDS_AT": "soon"]),
                    ] {
                        try await cluster.client.create(
                            [
                                "apiVersion": "v1", "kind": "ConfigMap",
                                "metadata": [
                                    "name": .string(name), "namespace": .string(Self.namespace),
                                    "labels": ["image-puller/prefetch": "true"],
                                ],
                                "data": .object(data.mapValues { .string($0) }),
                            ] as JSONValue, .configMaps, namespace: Self.namespace)
                    }
                    #expect(
                        await soon {
                            (try? await keeper.list().prefetches.map(\.name).sorted()) == ["broken", "by-hand"]
                        })
                    let hand = try await keeper.status("by-hand")
                    #expect(hand.problem == nil && hand.endsAt < "2990", "a week is the longest")
                    #expect(try await keeper.status("broken").problem?.contains("ENDS_AT") == true)
                    #expect(try await cluster.client.find(ConfigMap.self, name, namespace: Self.namespace) == nil)
                }
            }
        }
    }

    @Test(
        "One that is held is an image set as well: its DaemonSet is somebody else's to keep, and agents aren't needed")
    func held() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.createNamespace(Self.namespace)
            var restricted = try Stage.configuration()
            restricted.runtimeSocket = .none
            restricted.imagePullSecrets = ["mirror"]
            try await Stage().run(restricted, nodes: [Stage.node("n1")]) { stage in
                try await Self.live(cluster, stage) { keeper in
                    let made = try await keeper.create(
                        PrefetchRequest(references: ["redis", "busybox"], nodes: ["n1"], nodeCount: 1, hold: true))
                    #expect(made.hold == true && made.references == ["redis", "busybox"])
                    let map = try await cluster.client.get(ConfigMap.self, made.name, namespace: Self.namespace)
                    #expect(map.metadata.labels[PodNames.setLabel] == made.name)
                    #expect(map.metadata.labels["image-puller/prefetch"] == "true")
                    #expect(map.data?["IMAGES"] == "redis=redis;\nbusybox=busybox")
                    #expect(map.data?["IMAGE_PULL_SECRETS"] == "mirror")
                    #expect(map.data?["NODES"] == "n1" && map.data?["NODE_COUNT"] == "1" && map.data?["ENDS_AT"] != nil)
                    #expect(map.data?["DAEMONSET_NAME"] == nil, "it is called after the set")
                    #expect(await stage.loop.setNames == ["default"], "nothing is pulled for it twice")
                    #expect(
                        try await soon {
                            let all = try await keeper.list().prefetches
                            return all.map(\.name) == [made.name] && all.first?.hold == true
                                && all.first?.nodes == ["n1"]
                                && all.first?.problem == nil
                        })
                    _ = try await keeper.cancel(made.name)
                    #expect(try await cluster.client.find(ConfigMap.self, made.name, namespace: Self.namespace) == nil)
                }
            }
        }
    }

    @Test("What can't be is refused, and nothing is made")
    func refusals() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.createNamespace(Self.namespace)
            var restricted = try Stage.configuration()
            restricted.runtimeSocket = .none
            try await Stage().run(restricted, nodes: [Stage.node("n1")]) { stage in
                try await Self.live(cluster, stage) { keeper in
                    await #expect(throws: PrefetchRefusal.noAgents) {
                        try await keeper.create(PrefetchRequest(references: ["redis"]))
                    }
                }
            }
            try await Stage().run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
                try await Self.live(cluster, stage) { keeper in
                    for request in [
                        PrefetchRequest(references: []), PrefetchRequest(references: ["UPPER"]),
                        PrefetchRequest(references: (0...100).map { "r.example/a\($0)" }),
                        PrefetchRequest(references: ["redis"], selector: ["not a key": "x"]),
                        PrefetchRequest(references: ["redis"], nodes: ["Not a node"]),
                        PrefetchRequest(references: ["redis"], nodeCount: 0),
                        PrefetchRequest(references: ["redis"], ttlSeconds: 1),
                        PrefetchRequest(references: ["redis"], ttlSeconds: .nan),
                        PrefetchRequest(references: ["bob:secret@r.example/a"]),
                    ] {
                        let error = await #expect(throws: PrefetchRefusal.self) { try await keeper.create(request) }
                        guard case .fault(let fault) = error else {
                            Issue.record("\(String(describing: error)) for \(request)")
                            continue
                        }
                        #expect(!fault.description.contains("secret@"))
                    }
                    for _ in 0..<Prefetch.most { _ = try await keeper.create(PrefetchRequest(references: ["redis"])) }
                    await #expect(throws: PrefetchRefusal.tooMany) {
                        try await keeper.create(PrefetchRequest(references: ["redis"]))
                    }
                    #expect(try await keeper.list().prefetches.count == Prefetch.most)
                }
            }
        }
    }
}
