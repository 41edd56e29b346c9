import Cluster
import Foundation
import ImageSets
import Planning
import Shared
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

@Suite("The keeper of image sets", .timeLimit(.minutes(5))) struct ImageSetKeeperTests {
    private static let namespace = KeepersLife.namespace

    private static func write(
        _ cluster: SimulatedCluster, _ name: String, set: String, _ data: [String: String]
    ) async throws {
        let document: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": ["name": .string(name), "labels": [PodNames.setLabel: .string(set)]],
            "data": .object(data.mapValues { .string($0) }),
        ]
        // Not applied: the field manager would be the coordinator's.
        if try await cluster.client.find(ConfigMap.self, name, namespace: namespace) == nil {
            try await cluster.client.create(document, .configMaps, namespace: namespace)
        } else {
            try await cluster.client.mergePatch(
                ["data": document["data"] ?? [:]], .configMaps, name: name, namespace: namespace)
        }
    }

    private static func hub(_ name: String) -> String { "docker.io/library/\(name):latest" }

    @Test(
        "Each set has its DaemonSet; a mistake in one is told on its own object and harms no other; one that goes is released"
    )
    func life() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.createNamespace(Self.namespace)
            try await cluster.configure("web=nginx")
            try await Self.write(cluster, "one", set: "gpu", ["IMAGES": "cuda=nginx;model=redis"])
            try await KeepersLife.run(cluster) { life in
                let name = "kubernetes-image-puller"
                #expect(try await soon { try await life.images(name) == [Self.hub("nginx")] })
                #expect(
                    try await soon { try await life.images("\(name)-gpu") == [Self.hub("nginx"), Self.hub("redis")] })
                try await Self.write(
                    cluster, "two", set: "build",
                    ["IMAGES": "tool=busybox", "DAEMONSET_NAME": "build-images", "PULL_MAX_PARALLEL": "3"])
                #expect(try await soon { try await life.images("build-images") == [Self.hub("busybox")] })
                #expect(try await cluster.daemonSet("build-images")?.metadata.labels[PodNames.setLabel] == "build")
                #expect(try await cluster.daemonSet(name)?.metadata.labels[PodNames.setLabel] == nil)
                #expect(life.board.status.sets?.map(\.imageSet) == ["gpu", "build"])
                #expect(life.set("build")?.isAccepted == true)
                #expect(life.set("build")?.findings.map(\.key) == ["PULL_MAX_PARALLEL"])
                #expect(life.board.status.findings.allSatisfy { $0.severity != "error" })
                #expect(await life.loop.held.map(\.name) == ["gpu", "build"])
                #expect(await life.loop.configuration(of: "build")?.pullMaxParallel == 250)

                try await Self.write(cluster, "one", set: "gpu", ["IMAGES": "cuda=nginx", "TOLERATIONS": "{"])
                #expect(await soon { life.set("gpu")?.isAccepted == false })
                #expect(try await soon { try await life.reasons(about: "one").contains("ConfigurationRejected") })
                #expect(try await life.images("\(name)-gpu")?.count == 2, "the last good one stays in force")
                #expect(life.set("build")?.isAccepted == true && life.board.status.isAccepted)

                let others = try await [cluster.daemonSet(name), cluster.daemonSet("\(name)-gpu")].map {
                    $0?.metadata.uid
                }
                try await cluster.client.delete(.configMaps, name: "two", namespace: Self.namespace)
                #expect(try await soon { try await cluster.daemonSet("build-images") == nil })
                #expect(await life.loop.held.map(\.name) == ["gpu"])
                #expect(
                    try await [cluster.daemonSet(name), cluster.daemonSet("\(name)-gpu")].map { $0?.metadata.uid }
                        == others)
                #expect(await soon { life.board.status.sets?.map(\.imageSet) == ["gpu"] })

                // What the cluster's keys say comes from the main ConfigMap, whenever that is edited.
                try await cluster.configure("web=nginx", ["PULL_MAX_PARALLEL": "9"])
                #expect(await soon { await life.loop.configuration(of: "gpu")?.pullMaxParallel == 9 })
            }
        }
    }

    @Test("Who has a DaemonSet's name keeps it; the other is told, and has it when it is free")
    func claims() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.createNamespace(Self.namespace)
            try await cluster.configure("web=nginx")
            try await Self.write(cluster, "one", set: "a", ["IMAGES": "x=redis", "DAEMONSET_NAME": "shared"])
            try await KeepersLife.run(cluster) { life in
                #expect(try await soon { try await life.images("shared") == [Self.hub("redis")] })
                try await Self.write(cluster, "two", set: "b", ["IMAGES": "y=busybox", "DAEMONSET_NAME": "shared"])
                #expect(await soon { life.set("b")?.findings.contains { $0.key == "DAEMONSET_NAME" } == true })
                #expect(try await soon { try await life.reasons(about: "two").contains("ConfigurationRejected") })
                #expect(await life.loop.held.map(\.name) == ["a"])
                // Not the main one's either.
                try await Self.write(
                    cluster, "three", set: "c", ["IMAGES": "z=alpine", "DAEMONSET_NAME": "kubernetes-image-puller"])
                #expect(await soon { life.set("c")?.isAccepted == false })
                #expect(try await life.images("kubernetes-image-puller") == [Self.hub("nginx")])
                // Nor does an edit of the main one take another's.
                try await cluster.configure("web=nginx", ["DAEMONSET_NAME": "shared"])
                #expect(await soon { !life.board.status.isAccepted })
                #expect(try await life.images("shared") == [Self.hub("redis")])
                try await cluster.configure("web=nginx", ["DAEMONSET_NAME": "kubernetes-image-puller"])
                #expect(await soon { life.board.status.isAccepted })

                try await cluster.client.delete(.configMaps, name: "one", namespace: Self.namespace)
                #expect(try await soon { try await life.images("shared") == [Self.hub("busybox")] })
                #expect(life.set("b")?.isAccepted == true)
            }
        }
    }

    @Test("Names that can't be are told; of two ConfigMaps with one name the older counts")
    func names() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.createNamespace(Self.namespace)
            try await cluster.configure("web=nginx")
            try await Self.write(cluster, "one", set: "default", ["IMAGES": "x=redis"])
            try await Self.write(cluster, "two", set: "a", ["IMAGES": "x=redis"])
            // Created within one second, the name decides.
            try await Self.write(cluster, "zwei", set: "a", ["IMAGES": "x=busybox"])
            try await Self.write(cluster, "three", set: "Upper_Case", ["IMAGES": "x=redis"])
            try await KeepersLife.run(cluster) { life in
                let name = "kubernetes-image-puller"
                #expect(try await soon { try await life.images("\(name)-a") == [Self.hub("redis")] })
                #expect(await life.loop.held.map(\.name) == ["a"])
                for configMap in ["one", "zwei", "three"] {
                    #expect(
                        try await soon { try await life.reasons(about: configMap) == ["ConfigurationRejected"] })
                }
                #expect(life.board.status.sets?.count == 4)
                #expect(try await life.images(name) == [Self.hub("nginx")])
                // The other takes its place, and the DaemonSet isn't made anew.
                let uid = try await cluster.daemonSet("\(name)-a")?.metadata.uid
                try await cluster.client.delete(.configMaps, name: "two", namespace: Self.namespace)
                #expect(try await soon { try await life.images("\(name)-a") == [Self.hub("busybox")] })
                #expect(try await cluster.daemonSet("\(name)-a")?.metadata.uid == uid)
            }
        }
    }

    @Test("Another run releases sets that went meanwhile, and keeps those whose ConfigMap is no good")
    func restart() async throws {
        try await SimulatedCluster.run { cluster in
            try await cluster.createNamespace(Self.namespace)
            try await cluster.configure("web=nginx")
            try await Self.write(cluster, "one", set: "a", ["IMAGES": "x=redis"])
            try await Self.write(cluster, "two", set: "b", ["IMAGES": "y=busybox"])
            let name = "kubernetes-image-puller"
            try await KeepersLife.run(cluster) { life in
                let areMade = try await soon {
                    let (one, other) = (try await life.images("\(name)-a"), try await life.images("\(name)-b"))
                    return one != nil && other != nil
                }
                #expect(areMade)
            }
            let kept = try await cluster.daemonSet("\(name)-a")
            try await cluster.client.delete(.configMaps, name: "two", namespace: Self.namespace)
            try await Self.write(cluster, "one", set: "a", ["IMAGES": "x=redis", "NODE_SELECTOR": "{"])
            // No good either: sets wait for it, and what they have must not go meanwhile.
            try await cluster.configure("web=nginx", ["CACHING_MEMORY_LIMIT": "abc"])
            try await KeepersLife.run(cluster) { life in
                let isReleased = try await soon { try await cluster.daemonSet("\(name)-b") == nil }
                #expect(isReleased)
                #expect(await soon { life.set("a")?.findings.isEmpty == false })
                let (still, own) = (try await cluster.daemonSet("\(name)-a"), try await cluster.daemonSet(name))
                #expect(still?.metadata.uid == kept?.metadata.uid && own != nil)
            }
        }
    }
}

extension KeepersLife {
    /// The images of a DaemonSet's sleep containers, in order; nil: there's none.
    fileprivate func images(_ daemonSet: String) async throws -> [String]? {
        guard let live = try await cluster.daemonSet(daemonSet) else { return nil }
        return (live.spec?.template?.spec?.containers ?? []).filter {
            $0.name != Configuration.agentContainerName
        }.compactMap(\.image)
    }

    fileprivate func reasons(about configMap: String) async throws -> [String] {
        try await cluster.client.list(Event.self, Selection(namespace: Self.namespace)).items
            .filter { $0.involvedObject.name == configMap }.compactMap(\.reason)
    }
}
