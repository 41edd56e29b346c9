import Foundation
import Shared
import Testing

@testable import Access
@testable import ConfigurationParsing
@testable import KubernetesClient
@testable import Reporting

extension EndToEndTests {
    /// What makes the Go puller exit, panic, delete its DaemonSet, block for ever or lie. Here each is told, and
    /// nothing that is cached is released.
    @Test(arguments: ClusterKind.available)
    func badInputReleasesNothing(_ kind: ClusterKind) async throws {
        try await kind.run { cluster in
            let good = cluster.data([cluster.images[0], cluster.images[1]])
            try await cluster.configure(good)
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 2)
            let before = try #require(try await cluster.daemonSet())
            let bad: [(edit: [String: String], isRejected: Bool, says: String)] = [
                (["IMAGES": "image-1=;image-2=\(cluster.images[1])"], false, "image-1="),
                (["IMAGES": "Image-1=\(cluster.images[0]);image-2=\(cluster.images[1])"], false, "Image-1="),
                (["NODE_SELECTOR": #"{"bad key!":"x"}"#], true, "bad key!"),
                (["CACHING_MEMORY_LIMIT": "abc"], true, "abc"),
                (["CACHING_INTERVAL_HOURS": "0"], true, "0"),
                (["IMAGES": ""], true, "image-puller/allow-empty"),
            ]
            for (edit, isRejected, words) in bad {
                try await cluster.configure(good.merging(edit) { $1 })
                try await eventually("\(edit) is told") {
                    let status = try await cluster.configuration()
                    return status.isAccepted != isRejected && status.findings.contains { $0.message.contains(words) }
                }
                let after = try #require(try await cluster.daemonSet())
                #expect(after.metadata.uid == before.metadata.uid, "\(edit)")
                #expect(after.spec == before.spec, "\(edit)")
                let total = try await cluster.coverage().total
                #expect(total.held == total.cells, "\(edit)")
                try await cluster.configure(good)
                try await eventually("the good list is accepted again") {
                    let status = try await cluster.configuration()
                    return status.isAccepted && status.findings.allSatisfy { $0.severity != "error" }
                }
            }
            // Two entries of one name are both cached, and that is told: one more image, and none less.
            let twice = "image-1=\(cluster.images[0]);image-1=\(cluster.images[2]);image-2=\(cluster.images[1])"
            try await cluster.configure(good.merging(["IMAGES": twice]) { $1 })
            try await eventually("the second one's name is told") {
                let status = try await cluster.configuration()
                return status.isAccepted
                    && status.findings.contains { $0.message.contains("image-1=\(cluster.images[2])") }
            }
            let rows = try await cluster.coverage().rows
            #expect(Set(rows.map(\.name)) == ["image-1", "image-2", "image-1-2"])
            for row in rows where row.name != "image-1-2" {
                #expect(row.counts.present == row.counts.cells && row.counts.cells > 0, "\(row.name)")
            }
            try await cluster.untilHeld(images: 3)
            let after = try #require(try await cluster.daemonSet())
            #expect(after.metadata.uid == before.metadata.uid)
            let containers = Set(after.spec?.template?.spec?.containers?.compactMap(\.image) ?? [])
            #expect(containers.isSuperset(of: cluster.images.prefix(3)))
        }
    }

    @Test(arguments: ClusterKind.available)
    func aMissingConfigMapIsCreatedAndADeletedOneRestored(_ kind: ClusterKind) async throws {
        try await kind.run { cluster in
            try await cluster.startCoordinator()
            try await eventually("it is created with defaults") {
                let map = try await cluster.client.find(
                    ConfigMap.self, TestCluster.configMapName, namespace: cluster.namespace)
                return map?.data?["CACHING_INTERVAL_HOURS"] == "1" && map?.data?["IMAGES"] == ""
            }
            try await cluster.configure(cluster.data([cluster.images[0]]))
            try await cluster.untilHeld(images: 1)
            let uid = try await cluster.daemonSet()?.metadata.uid
            try await cluster.client.delete(
                .configMaps, name: TestCluster.configMapName, namespace: cluster.namespace)
            try await eventually("it is back with the list in force") {
                let map = try await cluster.client.find(
                    ConfigMap.self, TestCluster.configMapName, namespace: cluster.namespace)
                return map?.data?["IMAGES"]?.contains(cluster.images[0]) == true
            }
            #expect(try await cluster.daemonSet()?.metadata.uid == uid)
            let total = try await cluster.coverage().total
            #expect(total.held == total.cells && total.cells > 0)
        }
    }

    @Test(arguments: ClusterKind.available)
    func aSelectorThatMatchesNoNodeIsNoSuccess(_ kind: ClusterKind) async throws {
        try await kind.run { cluster in
            try await cluster.configure(cluster.data([cluster.images[0]], ["NODE_SELECTOR": #"{"pool":"none"}"#]))
            try await cluster.startCoordinator()
            try await eventually("the report says so") { try await cluster.coverage().nodes == 0 }
            let (status, output) = try await RunningProgram.run(
                .coordinator, ["coverage", "--min", "1", "--server", cluster.server])
            #expect(status == 1)
            #expect(output.contains("No node is selected"))
        }
    }

    @Test(arguments: ClusterKind.available)
    func aDaemonSetEditedByHandIsPutRight(_ kind: ClusterKind) async throws {
        try await kind.run { cluster in
            try await cluster.configure(cluster.data([cluster.images[0]]))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            let patch: JSONValue = ["spec": ["template": ["spec": ["nodeSelector": ["pool": "none"]]]]]
            try await cluster.client.mergePatch(
                patch, .daemonSets, name: TestCluster.daemonSetName, namespace: cluster.namespace)
            try await eventually("the selector is taken out again") {
                let spec = try await cluster.daemonSet()?.document["spec"]?["template"]?["spec"]
                return spec?["nodeSelector"]?["pool"] == nil
            }
        }
    }

    /// A DaemonSet of the Go puller under the same name has another selector, which can't be changed.
    @Test(arguments: ClusterKind.available)
    func theGoPullersDaemonSetIsTakenOver(_ kind: ClusterKind) async throws {
        let labels: JSONValue = ["app": "kubernetes-image-puller"]
        let other: JSONValue = [
            "apiVersion": "apps/v1", "kind": "DaemonSet",
            "metadata": ["name": .string(TestCluster.daemonSetName), "namespace": "k8s-image-puller"],
            "spec": [
                "selector": ["matchLabels": labels],
                "template": [
                    "metadata": ["labels": labels],
                    "spec": [
                        "containers": [
                            ["name": "old", "image": "registry.example.com/app1:1", "command": ["/kip/sleep"]]
                        ]
                    ],
                ],
            ],
        ]
        try await kind.run(objects: [other]) { cluster in
            let old = try #require(try await cluster.daemonSet()?.metadata.uid)
            try await cluster.configure(cluster.data([cluster.images[0]]))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            let new = try #require(try await cluster.daemonSet())
            #expect(new.metadata.uid != old)
            #expect(new.spec?.updateStrategy?.type == "OnDelete")
            try await eventually("no pod of the old one is left") {
                try await cluster.pods().allSatisfy { $0.metadata.controller?.uid == new.metadata.uid }
            }
        }
    }

    /// The new one is filled before the old one goes.
    @Test(arguments: ClusterKind.available)
    func anotherNameMovesTheDaemonSet(_ kind: ClusterKind) async throws {
        try await kind.run { cluster in
            try await cluster.configure(cluster.data([cluster.images[0]]))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            try await cluster.configure(cluster.data([cluster.images[0]], ["DAEMONSET_NAME": "renamed"]))
            try await eventually("the new one is there") { try await cluster.daemonSet("renamed") != nil }
            try await eventually("the old one goes") { try await cluster.daemonSet() == nil }
            try await cluster.untilHeld(images: 1)
        }
    }
}
