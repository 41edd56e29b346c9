import Foundation
import Shared
import Testing

@testable import ConfigurationParsing
@testable import KubernetesClient
@testable import Reporting

extension EndToEndTests {
    /// A policy of the platform renames images in pods: what the pods name is pulled, held and reported.
    @Test func renamedImagesAreCached() async throws {
        try await TestCluster.simulated { cluster in
            let namespaces = ResourceType(
                group: "", version: "v1", plural: "namespaces", kind: "Namespace", isNamespaced: false)
            let rule = "\(cluster.images[1])=\(cluster.images[2])"
            try await cluster.client.mergePatch(
                ["metadata": ["annotations": ["cluster-simulator/rename-images": .string(rule)]]], namespaces,
                name: cluster.namespace)
            try await cluster.configure(cluster.data(Array(cluster.images.prefix(2))))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 2)
            let rows = try await cluster.coverage().rows
            #expect(rows.compactMap(\.reference) == [cluster.images[0], cluster.images[2]])
            let findings = try await cluster.configuration().findings
            #expect(findings.contains { $0.severity == "info" && $0.message.contains("changes \(cluster.images[1])") })
            // An edit goes the same way.
            try await cluster.configure(cluster.data(Array(cluster.images.prefix(2)) + [cluster.images[3]]))
            try await cluster.untilHeld(images: 3)
        }
    }

    /// Agents come and go node by node: never are more nodes without their images than pods may be replaced at once.
    @Test func modesChangeNodeByNode() async throws {
        try await TestCluster.simulated(nodes: 8) { cluster in
            let images = Array(cluster.images.prefix(2))
            func configuration(_ socket: String) -> [String: String] {
                cluster.data(images, ["RUNTIME_SOCKET": socket, "ROLL_MAX_PARALLEL": "3"])
            }
            try await cluster.configure(configuration(""))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 2)
            for socket in ["none", ""] {
                let before = Set(try await cluster.pods().compactMap(\.metadata.uid))
                try await cluster.configure(configuration(socket))
                var least = 8
                try await eventually("every node has a pod of the other mode", within: 240) {
                    let living = try await cluster.pods().filter { $0.metadata.deletionTimestamp == nil }
                    let holding = living.filter { pod in
                        (pod.status?.containerStatuses ?? []).contains {
                            $0.name.hasPrefix("image-") && $0.name != "image-puller-agent" && $0.state?.running != nil
                        }
                    }
                    least = min(least, holding.count)
                    return holding.count == 8 && holding.allSatisfy { !before.contains($0.metadata.uid ?? "") }
                }
                #expect(least >= 5, "\(8 - least) nodes were without their images at once")
                try await cluster.untilHeld(images: 2)
            }
        }
    }
}
