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
@testable import KubernetesFixtures
@testable import Manifests
@testable import TestBasics

@Suite("Image sets of KubernetesImagePuller objects", .timeLimit(.minutes(5))) struct PullerSetTests {
    private static let namespace = KeepersLife.namespace

    private static func live(
        _ cluster: SimulatedCluster, history: HistoryStore = memoryStore(), patience: Double = 900,
        _ body: @Sendable (KeepersLife) async throws -> Void
    ) async throws {
        var times = PullerTimes()
        times.patience = patience
        times.search = .seconds(1)
        try await KeepersLife.run(
            cluster, history: history, objects: .namespaces([namespace, "che"]), times: times, body)
    }

    private static func run(_ body: @Sendable (SimulatedCluster) async throws -> Void) async throws {
        try await SimulatedCluster.run { cluster in
            for name in [namespace, "che", "other"] { try await cluster.createNamespace(name) }
            try await cluster.configure("web=nginx")
            try await body(cluster)
        }
    }

    private static func hub(_ name: String) -> String { "docker.io/library/\(name):latest" }

    @Test(
        "Each object is a set, several in one namespace too; a bad one harms no other; one that is deleted is released at once"
    )
    func lives() async throws {
        try await Self.run { cluster in
            try await Self.live(cluster) { life in
                // Nobody has installed the definition, and that is nobody's mistake.
                try await until { try await cluster.images("kubernetes-image-puller") == [Self.hub("nginx")] }
                try await cluster.define()
                try await cluster.create("one", ["images": "a=redis;b=busybox", "configMapName": "k8s-image-puller"])
                try await cluster.create("two", ["images": "c=alpine"])
                try await cluster.create("three", ["imageList": [["image": "memcached"]]], in: "che")
                try await cluster.create("bad", ["images": "d=httpd", "nodeSelector": "{"])
                let name = "kubernetes-image-puller"
                try await until { try await cluster.images("\(name)-one") == [Self.hub("redis"), Self.hub("busybox")] }
                try await until { try await cluster.images("\(name)-two") == [Self.hub("alpine")] }
                try await until { try await cluster.images("\(name)-three", "che") == [Self.hub("memcached")] }
                let made = try #require(try await cluster.daemonSet("\(name)-one"))
                #expect(made.metadata.ownerReferences.isEmpty)
                #expect(made.metadata.labels[PodNames.setLabel] == "one")
                #expect(life.set("one")?.kind == "KubernetesImagePuller" && life.set("one")?.isAccepted == true)
                #expect(life.set("che.three")?.configMap == "che/three")
                try await until { life.set("bad")?.isAccepted == false && life.says("bad", "spec.nodeSelector") }
                #expect(try await cluster.daemonSet("\(name)-bad") == nil)
                try await until { try await cluster.reasons(about: "bad").contains("ConfigurationRejected") }
                try await until { try await cluster.condition("Degraded", of: "bad")?["status"] == "True" }
                try await until { try await cluster.condition("Ready", of: "one")?["status"] == "False" }
                #expect(try await cluster.puller("one").status?["observedGeneration"] == 1)

                try await cluster.client.delete(.imagePullers, name: "one", namespace: Self.namespace)
                try await until { try await cluster.daemonSet("\(name)-one") == nil }
                #expect(try await cluster.daemonSet("\(name)-two") != nil)
                #expect(await life.loop.held.map(\.name).sorted() == ["che.three", "two"])
                // The last one of a namespace that isn't the coordinator's.
                try await cluster.client.delete(.imagePullers, name: "three", namespace: "che")
                try await until { try await cluster.daemonSet("\(name)-three", "che") == nil }
                // Where nobody looks there are no sets.
                try await cluster.create("four", ["images": "a=redis"], in: "other")
                try await cluster.create("five", ["images": "a=redis"])
                try await until { try await cluster.daemonSet("\(name)-five") != nil }
                #expect(life.set("other.four") == nil)
            }
        }
    }

    @Test("What the nodes can't do is told by the object's fields, in its Event too")
    func fit() async throws {
        try await Self.run { cluster in
            try await cluster.define()
            try await cluster.create("one", ["images": "a=redis", "nodeLabels": ["pool": "nowhere"]])
            try await Self.live(cluster) { life in
                try await until { life.says("one", "spec.nodeLabels: no Linux node with pool=nowhere matches") }
                #expect(!life.says("one", "NODE_SELECTOR") && !life.says("one", "TOLERATIONS"))
                try await until { try await cluster.reasons(about: "one").contains("ConfigurationDoesNotFit") }
            }
        }
    }

    @Test("A definition that is deleted takes no image along: sets are held, and go on when their objects come back")
    func definitionGoes() async throws {
        try await Self.run { cluster in
            try await cluster.define()
            try await cluster.create("one", ["images": "a=redis"])
            try await cluster.create("two", ["images": "b=busybox"], in: "che")
            try await Self.live(cluster) { life in
                let name = "kubernetes-image-puller"
                try await until { try await cluster.daemonSet("\(name)-one") != nil }
                try await until { try await cluster.daemonSet("\(name)-two", "che") != nil }
                let former = try await cluster.daemonSet("\(name)-one")?.metadata.uid
                try await cluster.undefine()
                try await until { life.says("one", "went with its definition") }
                try await until { life.says("che.two", "went with its definition") }
                try await until {
                    try await cluster.reasons(about: "k8s-image-puller").contains("ImageSetOrphaned")
                }
                #expect(await life.loop.held.map(\.name).sorted() == ["che.two", "one"])
                try await cluster.define()
                try await cluster.create("one", ["images": "a=redis;c=alpine"])
                try await until { try await cluster.images("\(name)-one") == [Self.hub("redis"), Self.hub("alpine")] }
                #expect(try await cluster.daemonSet("\(name)-one")?.metadata.uid == former)
                #expect(!life.says("one", "went with its definition"))
                #expect(life.says("che.two", "went with its definition"), "the other one is still awaited")
                // Alone it goes at once.
                try await cluster.client.delete(.imagePullers, name: "one", namespace: Self.namespace)
                try await until { try await cluster.daemonSet("\(name)-one") == nil }
                #expect(try await cluster.daemonSet("\(name)-two", "che") != nil)
            }
        }
    }

    @Test("What doesn't come back in time is released")
    func definitionStaysAway() async throws {
        try await Self.run { cluster in
            try await cluster.define()
            try await cluster.create("one", ["images": "a=redis"])
            try await Self.live(cluster, patience: 4) { life in
                let name = "kubernetes-image-puller-one"
                try await until { try await cluster.daemonSet(name) != nil }
                try await cluster.undefine()
                try await until { life.says("one", "went with its definition") }
                try await until { try await cluster.daemonSet(name) == nil }
                #expect(await life.loop.held.isEmpty && life.set("one") == nil)
            }
        }
    }

    @Test(
        "A coordinator that starts while there's no definition holds what it finds; what went alone meanwhile it releases"
    )
    func restart() async throws {
        try await Self.run { cluster in
            let history = memoryStore()
            let name = "kubernetes-image-puller"
            try await cluster.define()
            try await cluster.create("one", ["images": "a=redis"])
            try await cluster.create("two", ["images": "b=busybox"], in: "che")
            try await Self.live(cluster, history: history) { _ in
                try await until { try await cluster.daemonSet("\(name)-one") != nil }
                try await until { try await cluster.daemonSet("\(name)-two", "che") != nil }
            }
            let former = try await cluster.daemonSet("\(name)-one")?.metadata.uid
            try await cluster.client.delete(.imagePullers, name: "two", namespace: "che")
            try await Self.live(cluster, history: history) { life in
                try await until { try await cluster.daemonSet("\(name)-two", "che") == nil }
                try await until { life.set("one")?.isAccepted == true }
            }
            try await cluster.undefine()
            try await Self.live(cluster, history: history) { life in
                try await until { life.says("one", "went with its definition") }
                try await until { await life.loop.held.map(\.name) == ["one"] }
                try await cluster.define()
                try await cluster.create("one", ["images": "a=redis"])
                try await until { life.set("one")?.isAccepted == true && !life.says("one", "went with") }
            }
            #expect(try await cluster.daemonSet("\(name)-one")?.metadata.uid == former)
        }
    }

    @Test("While the Go operator acts on an object nothing is done with it, and that is said")
    func goOperator() async throws {
        try await Self.run { cluster in
            try await cluster.define(isOurs: false)
            try await cluster.create("one", ["images": "a=redis", "deploymentName": "puller"], in: "che")
            let owner: JSONValue = [
                [
                    "apiVersion": "che.eclipse.org/v1alpha1", "kind": "KubernetesImagePuller", "name": "one",
                    "uid": .string(try await cluster.puller("one", "che").metadata.uid ?? ""), "controller": true,
                ]
            ]
            try await cluster.client.create(
                [
                    "apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": ["name": "k8s-image-puller", "ownerReferences": owner],
                ] as JSONValue, .configMaps, namespace: "che")
            try await cluster.client.create(
                [
                    "apiVersion": "apps/v1", "kind": "Deployment",
                    "metadata": ["name": "puller", "ownerReferences": owner],
                    "spec": [
                        "selector": ["matchLabels": ["app": "puller"]],
                        "template": [
                            "metadata": ["labels": ["app": "puller"]],
                            "spec": ["containers": [["name": "c", "image": "nginx"]]],
                        ],
                    ],
                ] as JSONValue, .deployments, namespace: "che")
            try await Self.live(cluster) { life in
                try await until { life.says("che.one", "deployment/puller and configmap/k8s-image-puller") }
                try await until {
                    try await cluster.condition("Degraded", of: "one", "che")?["reason"] == "OtherOperatorActs"
                }
                try await until { try await cluster.reasons(about: "one", in: "che").contains("OtherOperatorActs") }
                #expect(try await cluster.daemonSet("kubernetes-image-puller-one", "che") == nil)
                try await cluster.client.delete(.deployments, name: "puller", namespace: "che")
                try await cluster.client.delete(.configMaps, name: "k8s-image-puller", namespace: "che")
                try await until { try await cluster.daemonSet("kubernetes-image-puller-one", "che") != nil }
                // The Go operator's definition has no field for coverage.
                try await until {
                    try await cluster.condition("Ready", of: "one", "che")?["message"]?.stringValue?.contains(
                        " of 1 present")
                        == true
                }
                #expect(try await cluster.puller("one", "che").status?["coverage"] == nil)
            }
        }
    }
}

/// Fails when something doesn't come true.
private func until(
    _ location: SourceLocation = #_sourceLocation, _ condition: @Sendable () async throws -> Bool
) async throws {
    let isTrue = try await soon(condition)
    #expect(isTrue, sourceLocation: location)
}

extension SimulatedCluster {
    func define(isOurs: Bool = true) async throws {
        try await client.create(PullerDefinition.document(isOurs: isOurs), .customResourceDefinitions)
    }

    func undefine() async throws {
        try await client.delete(.customResourceDefinitions, name: PullerDefinition.name)
    }

    func create(_ name: String, _ spec: JSONValue, in namespace: String = "k8s-image-puller") async throws {
        let document: JSONValue = [
            "apiVersion": "che.eclipse.org/v1alpha1", "kind": "KubernetesImagePuller",
            "metadata": ["name": .string(name)], "spec": spec,
        ]
        try await client.create(document, .imagePullers, namespace: namespace)
    }

    func puller(_ name: String, _ namespace: String = "k8s-image-puller") async throws -> KubernetesImagePuller {
        try await client.get(KubernetesImagePuller.self, name, namespace: namespace)
    }

    func condition(
        _ type: String, of name: String, _ namespace: String = "k8s-image-puller"
    ) async throws -> JSONValue? {
        try await puller(name, namespace).status?["conditions"]?.arrayValue?.first { $0["type"]?.stringValue == type }
    }

    /// The images of a DaemonSet's sleep containers, in order; nil: there's none.
    func images(_ daemonSet: String, _ namespace: String = "k8s-image-puller") async throws -> [String]? {
        guard let live = try await self.daemonSet(daemonSet, namespace) else { return nil }
        return (live.spec?.template?.spec?.containers ?? []).filter {
            $0.name != Configuration.agentContainerName
        }.compactMap(\.image)
    }

    func reasons(about object: String, in namespace: String = "k8s-image-puller") async throws -> [String] {
        try await client.list(Event.self, Selection(namespace: namespace)).items
            .filter { $0.involvedObject.name == object }.compactMap(\.reason)
    }
}

extension KeepersLife {
    fileprivate func says(_ set: String, _ text: String) -> Bool {
        self.set(set)?.findings.contains { $0.message.contains(text) } ?? false
    }
}
