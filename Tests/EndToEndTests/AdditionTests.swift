import Foundation
import Shared
import Testing

@testable import ConfigurationParsing
@testable import KubernetesClient
@testable import Manifests

extension EndToEndTests {
    /// An image that the list gains is held by the pods that there are, with the permissions that are shipped.
    @Test func podsGetTheContainersOfNewImages() async throws {
        try await TestCluster.simulated(nodes: 5) { cluster in
            try await cluster.configure(cluster.data([cluster.images[0]]))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            let before = Set(try await cluster.pods().compactMap(\.metadata.uid))
            try await cluster.configure(cluster.data([cluster.images[0], cluster.images[1]]))
            try await cluster.untilHeld(images: 2)
            let pods = try await cluster.pods()
            #expect(Set(pods.compactMap(\.metadata.uid)) == before)
            let template = try await cluster.daemonSet()?.spec?.template?.metadata?.annotations[
                PodNames.templateAnnotation]
            for pod in pods {
                #expect(pod.metadata.annotations[PodNames.templateAnnotation] == template)
                #expect(pod.spec?.ephemeralContainers?.count == 1)
            }

            // A kubelet starts none of them a second time: the pod is replaced, and holds both.
            try await cluster.simulate("PUT", "nodes/n2", ["ready": false])
            try await cluster.simulate("PUT", "nodes/n2", ["ready": true])
            try await eventually("the node's pod is another one", within: 120) {
                let uids = Set(try await cluster.pods().compactMap(\.metadata.uid))
                return before.subtracting(uids).count == 1 && uids.count == 5
            }
            try await cluster.untilHeld(images: 2)

            // What leaves the list is let go, which only a new pod does.
            try await cluster.configure(cluster.data([cluster.images[0]]))
            try await eventually("no pod is of the two images", within: 180) {
                let pods = try await cluster.pods()
                return pods.count == 5
                    && pods.allSatisfy {
                        $0.spec?.containers?.count == 2 && $0.spec?.ephemeralContainers?.isEmpty ?? true
                    }
            }
            try await cluster.untilHeld(images: 1)
        }
    }

    /// Where the permission wasn't granted, that is said once, and pods are replaced; until it is granted.
    @Test func withoutThePermissionPodsAreReplaced() async throws {
        try await TestCluster.simulated(granting: Self.withoutAdding) { cluster in
            cluster.expectsRefusals = true
            try await cluster.configure(cluster.data([cluster.images[0]]))
            let coordinator = try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            let before = Set(try await cluster.pods().compactMap(\.metadata.uid))
            try await cluster.configure(cluster.data([cluster.images[0], cluster.images[1]]))
            try await cluster.untilHeld(images: 2)
            #expect(before.isDisjoint(with: try await cluster.pods().compactMap(\.metadata.uid)))
            #expect(coordinator.log.components(separatedBy: "rbac.extendPods").count == 2)
            #expect(try await cluster.requests().denied.allSatisfy { $0.contains("pods/ephemeralcontainers") })

            for role in try TestCluster.shippedPermissions() where role != Self.withoutAdding(role) {
                try await cluster.client.mergePatch(
                    ["rules": role["rules"] ?? []],
                    ResourceType(
                        group: "rbac.authorization.k8s.io", version: "v1", plural: "roles", kind: "Role",
                        isNamespaced: true),
                    name: role["metadata"]?["name"]?.stringValue ?? "",
                    namespace: role["metadata"]?["namespace"]?.stringValue ?? "")
            }
            try await eventually("the permission is found", within: 120) {
                coordinator.log.contains("adding containers to running pods is tried again")
            }
            let replaced = Set(try await cluster.pods().compactMap(\.metadata.uid))
            try await cluster.configure(cluster.data(Array(cluster.images.prefix(3))))
            try await cluster.untilHeld(images: 3)
            #expect(replaced == Set(try await cluster.pods().compactMap(\.metadata.uid)))
        }
    }

    private static func withoutAdding(_ object: JSONValue) -> JSONValue {
        guard let rules = object["rules"]?.arrayValue else { return object }
        var object = object
        object["rules"] = .array(rules.filter { $0["resources"] != ["pods/ephemeralcontainers"] })
        return object
    }
}
