import Foundation
import Shared
import Testing

@testable import ConfigurationParsing
@testable import Control
@testable import KubernetesClient
@testable import Manifests
@testable import Reporting

extension EndToEndTests {
    /// Two sets beside the list, on nodes that overlap: each is held by a DaemonSet of its own, an edit that is wrong harms
    /// nobody, and one that goes is released at once, and only what it alone held.
    @Test func setsOfImagesAreHeldOnTheirOwnNodes() async throws {
        try await TestCluster.simulated { cluster in
            let images = cluster.images
            var list = cluster.data([images[0]])
            // n1 and n3 are in zone a, n2 in zone b.
            list["NODE_SELECTOR"] = #"{"topology.kubernetes.io/zone":"a"}"#
            try await cluster.configure(list)
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)

            func write(_ name: String, _ data: [String: String]) async throws {
                let document: JSONValue = [
                    "apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": ["name": .string("set-\(name)"), "labels": [PodNames.setLabel: .string(name)]],
                    "data": .object(data.mapValues { .string($0) }),
                ]
                if try await cluster.client.find(ConfigMap.self, "set-\(name)", namespace: cluster.namespace) == nil {
                    try await cluster.client.create(document, .configMaps, namespace: cluster.namespace)
                } else {
                    try await cluster.client.mergePatch(
                        ["data": document["data"] ?? [:]], .configMaps, name: "set-\(name)",
                        namespace: cluster.namespace)
                }
            }
            /// `daemonset node image` of each container that runs.
            func held() async throws -> Set<String> {
                let pods = try await cluster.client.list(Pod.self, Selection(namespace: cluster.namespace)).items
                return Set(
                    pods.flatMap { pod -> [String] in
                        guard pod.metadata.deletionTimestamp == nil, let node = pod.spec?.nodeName,
                            let owner = pod.metadata.controller?.name
                        else { return [] }
                        let running = (pod.status?.containerStatuses ?? []).filter { $0.state?.running != nil }.map(
                            \.name)
                        return (pod.spec?.containers ?? []).filter { running.contains($0.name) }.compactMap {
                            container in
                            guard let image = container.image, images.contains(image) else { return nil }
                            return "\(owner) \(node) \(image)"
                        }
                    })
            }
            let name = TestCluster.daemonSetName
            let own = Set(["n1", "n3"].map { "\(name) \($0) \(images[0])" })
            // Everywhere, with what the list has too.
            try await write("all", ["IMAGES": "x=\(images[1]);y=\(images[0])"])
            // Where the list isn't wanted.
            try await write(
                "some",
                [
                    "IMAGES": "z=\(images[2])", "DAEMONSET_NAME": "some-images",
                    "NODE_SELECTOR": #"{"kubernetes.io/hostname":"n2"}"#,
                ])
            let all = Set(
                ["n1", "n2", "n3"].flatMap { node in [images[1], images[0]].map { "\(name)-all \(node) \($0)" } })
            let some: Set = ["some-images n2 \(images[2])"]
            try await eventually("all sets are held on their nodes", within: 180) {
                try await held() == own.union(all).union(some)
            }
            #expect(try await cluster.coverage().nodes == 3, "coverage is that of all sets' nodes")

            try await write("all", ["IMAGES": "x=\(images[1]);y=\(images[0])", "TOLERATIONS": "[{]"])
            try await eventually("the mistake is told", within: 60) {
                let status = try await cluster.configuration()
                let set = status.sets?.first { $0.imageSet == "all" }
                return set?.isAccepted == false && status.isAccepted
                    && status.sets?.first { $0.imageSet == "some" }?.isAccepted == true
            }
            let pods = try await cluster.client.list(Pod.self, Selection(namespace: cluster.namespace)).items
            try await cluster.client.delete(.configMaps, name: "set-some", namespace: cluster.namespace)
            try await eventually("what is gone is released", within: 120) { try await held() == own.union(all) }
            let others = pods.filter { $0.metadata.controller?.name != "some-images" }.compactMap(\.metadata.uid)
            let rest = try await cluster.client.list(Pod.self, Selection(namespace: cluster.namespace)).items
            #expect(Set(rest.compactMap(\.metadata.uid)).isSuperset(of: others), "no pod of another set was touched")
        }
    }
}
