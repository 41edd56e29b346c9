import Cluster
import ImageSets
import KubernetesClient
import Manifests
import Shared
import Testing

@testable import Access
@testable import Control
@testable import ControlFixtures

@Suite("Where the pods of our agents are, by the watch and by the API server") struct WatchedAgentPodsTests {
    private static func create(
        _ name: String, owner: String, labels: String? = nil, _ cluster: SimulatedCluster, _ namespace: String
    ) async throws -> String {
        let labels = PodNames.labels(daemonSet: labels ?? owner).mapValues { JSONValue.string($0) }
        let document: JSONValue = [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "name": .string(name), "namespace": .string(namespace), "labels": .object(labels),
                "ownerReferences": [
                    [
                        "apiVersion": "apps/v1", "kind": "DaemonSet", "name": .string(owner), "uid": "u",
                        "controller": true,
                    ]
                ],
            ],
            "spec": ["nodeName": "n1", "containers": [["name": "c", "image": "nginx"]]],
        ]
        try await cluster.client.create(document, .pods, namespace: namespace)
        return try await cluster.client.get(Pod.self, name, namespace: namespace).metadata.uid ?? ""
    }

    @Test("A pod that the watch hasn't told of is new where its DaemonSet is ours or may be, and foreign elsewhere")
    func newPods() async throws {
        try await SimulatedCluster.run { cluster in
            let stage = Stage()
            let (namespace, other) = ("k8s-image-puller", "default")
            let main = try Stage.configuration()
            var own = try Stage.configuration(["cuda=cuda"])
            (own.namespace, own.daemonSetName) = (other, "gpu")
            let gpu = ImageSet(name: "gpu", own: own, main: main)
            await stage.loop.expectSets()
            await stage.loop.follow(Stage.pods)
            await stage.loop.replaceNodes([Stage.node("n1")])
            await stage.loop.replacePods([], of: Stage.pods)
            await stage.loop.adopt(main, revision: 1)
            let pods = WatchedAgentPods(loop: stage.loop, client: cluster.client)
            let uids = [
                try await Self.create("own", owner: Stage.pods.daemonSet, cluster, namespace),
                try await Self.create("gpu", owner: "gpu", cluster, other),
                try await Self.create("foreign", owner: "x", labels: "gpu", cluster, other),
                // Of the name of one of ours, elsewhere.
                try await Self.create("elsewhere", owner: "gpu", cluster, namespace),
            ]
            let places = [("own", namespace), ("gpu", other), ("foreign", other), ("elsewhere", namespace)]
            func sightings() async -> [AgentPodSighting] {
                var all: [AgentPodSighting] = []
                for (place, uid) in zip(places, uids) {
                    all.append(await pods.find(name: place.0, uid: uid, namespace: place.1))
                }
                return all
            }
            #expect(await sightings() == [.unseen, .unseen, .unseen, .unseen], "nobody knows which sets there are")
            #expect(await pods.namespaces == [namespace])
            await stage.loop.use(prefetches: [])
            await stage.loop.use(held: [gpu])
            #expect(await !pods.areDaemonSetsKnown)
            #expect(await sightings() == [.unseen, .unseen, .unseen, .unseen], "the set's aren't followed yet")
            await stage.loop.follow(PodSource(namespace: other, daemonSet: "gpu"), for: "gpu")
            #expect(await pods.areDaemonSetsKnown)
            #expect(await pods.namespaces == [namespace, other])
            #expect(await sightings() == [.unseen, .unseen, .foreign, .foreign])
            #expect(await pods.find(name: "gpu", uid: "another", namespace: other) == .gone)
            await stage.loop.update(
                PodView(name: "gpu", uid: uids[1], node: "n1"), of: PodSource(namespace: other, daemonSet: "gpu"))
            #expect(await sightings()[1] == .runs(node: "n1"))
            await stage.loop.use(held: [])
            #expect(await sightings()[1] == .foreign, "its set is gone")
        }
    }
}
