import Foundation
import Shared
import Testing
import Yams

@testable import ConfigurationParsing
@testable import Control
@testable import KubernetesClient
@testable import Manifests
@testable import Reporting

/// Eclipse Che's operator, as far as it has to do with images: it sees whether the API is there, makes one object of its list, and
/// makes its spec the same again and again.
private struct CheOperator {
    let client: KubernetesClient
    let namespace: String
    let cheCluster = "eclipse-che"

    var name: String { "\(cheCluster)-image-puller" }

    /// By OpenAPI's discovery.
    func finds() async throws -> Bool {
        let request = KubernetesClient.Request(path: "/apis/che.eclipse.org/v1alpha1", operation: "look for the API")
        do {
            let answer: JSONValue = try client.decode(try await client.send(request), "look for the API")
            return answer["resources"]?.arrayValue?.contains { $0["kind"]?.stringValue == "KubernetesImagePuller" }
                ?? false
        } catch let error as KubernetesError where error.isNotFound {
            return false
        }
    }

    /// One reconciliation. Images are called by the last part of their path and their position.
    ///
    /// - Returns: whether anything was written.
    @discardableResult
    func reconcile(images: [String], nodeSelector: String? = nil) async throws -> Bool {
        guard try await finds() else { return false }
        let list = images.enumerated().map { position, image in
            let last = image.split(separator: "/").last?.split(separator: ":").first ?? "image"
            return "\(last)-\(position)=\(image);"
        }
        var spec: JSONValue = [
            "configMapName": "k8s-image-puller", "deploymentName": "kubernetes-image-puller",
            "images": .string(list.joined()),
        ]
        spec["nodeSelector"] = nodeSelector.map { .string($0) }
        let type = ResourceType.imagePullers
        guard let live = try await client.find(KubernetesImagePuller.self, name, namespace: namespace) else {
            try await client.create(document(spec), type, namespace: namespace)
            return true
        }
        guard live.spec != spec else { return false }
        var document = document(spec)
        document["metadata"]?["resourceVersion"] = .string(live.metadata.resourceVersion ?? "")
        try await client.replace(document, type, name: name, namespace: namespace)
        return true
    }

    private func document(_ spec: JSONValue) -> JSONValue {
        [
            "apiVersion": "che.eclipse.org/v1alpha1", "kind": "KubernetesImagePuller",
            "metadata": [
                "name": .string(name), "namespace": .string(namespace),
                "labels": ["app.kubernetes.io/part-of": "che.eclipse.org"],
            ],
            "spec": spec,
        ]
    }

    func disable() async throws { try await client.delete(.imagePullers, name: name, namespace: namespace) }

    func object() async throws -> KubernetesImagePuller {
        try await client.get(KubernetesImagePuller.self, name, namespace: namespace)
    }

    func condition(_ type: String) async throws -> JSONValue? {
        try await object().status?["conditions"]?.arrayValue?.first { $0["type"]?.stringValue == type }
    }
}

extension EndToEndTests {
    /// Che enables its image puller, its list grows in the middle, somebody edits the object, Che disables it and enables it again;
    /// all with the permissions that are shipped.
    @Test func cheKeepsItsImagesCached() async throws {
        let place = "eclipse-che"
        let namespace: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(place)]]
        try await TestCluster.simulated(objects: [namespace]) { cluster in
            let images = cluster.images
            try await cluster.allowObjects(in: place)
            try await cluster.configure(cluster.data([images[3]]))
            try await cluster.startCoordinator(["--operator", "--operator-namespaces", place])
            try await cluster.untilHeld(images: 1)
            let che = CheOperator(client: cluster.client, namespace: place)
            #expect(try await che.reconcile(images: Array(images[0...1])) == false, "there's no such API yet")
            try await cluster.installDefinition()
            #expect(try await che.reconcile(images: Array(images[0...1])))

            func waitUntilReady(_ count: Int) async throws {
                try await eventually("\(count) images are there", within: 120) {
                    let object = try await che.object()
                    let ready = try await che.condition("Ready")
                    return ready?["status"] == "True"
                        && object.status?["observedGeneration"]?.integerValue
                            == object.metadata.generation.map(Int64.init)
                        && object.status?["present"]?.integerValue == Int64(count * 3)
                }
            }
            try await waitUntilReady(2)
            #expect(try await che.object().status?["coverage"] == "100.0 %")
            let set = "\(place).\(che.name)"
            let daemonSet = try #require(
                try await cluster.client.find(
                    DaemonSet.self, "kubernetes-image-puller-\(che.name)", namespace: place))
            #expect(daemonSet.metadata.ownerReferences.isEmpty)
            let held: CoverageReport = try await cluster.query("/api/v1/coverage?by=image&set=\(set)")
            #expect(held.total.cells == 6 && held.total.present == 6)

            // Nothing is different: Che writes nothing, and nor does the coordinator.
            func statusWrites() async throws -> Int {
                try await cluster.requests().writes.count { $0.resource == "kubernetesimagepullers/status" }
            }
            let pulls = try await cluster.registryRequests()
            for _ in 0..<3 { #expect(try await che.reconcile(images: Array(images[0...1])) == false) }

            // One comes into the middle: the names of all behind it shift.
            try await che.reconcile(images: [images[0], images[2], images[1]])
            try await waitUntilReady(3)
            let requested = try await cluster.registryRequests() - pulls
            #expect(requested < 12, "only the new image is pulled, on three nodes")
            let grown = try await cluster.client.get(DaemonSet.self, daemonSet.metadata.name, namespace: place)
            let containers = (grown.spec?.template?.spec?.containers ?? []).dropFirst()
            #expect(containers.map(\.image) == [images[0], images[1], images[2]], "containers keep their places")
            let pods = try await cluster.client.list(Pod.self, Selection(namespace: place)).items.map(\.metadata.uid)

            // Only names change: the two last ones swap places in the list.
            try await che.reconcile(images: [images[0], images[1], images[2]])
            try await waitUntilReady(3)
            let after = try await cluster.client.list(Pod.self, Selection(namespace: place)).items.map(\.metadata.uid)
            #expect(Set(after) == Set(pods), "another name replaces no pod")

            // Somebody writes into the object what Che doesn't know; Che takes it away again, and leaves the status alone.
            try await cluster.client.mergePatch(
                ["spec": ["nodeSelector": #"{"kubernetes.io/hostname":"n1"}"#]], .imagePullers, name: che.name,
                namespace: place)
            try await eventually("the edit counts") { try await che.object().status?["wanted"] == 3 }
            #expect(try await che.reconcile(images: [images[0], images[1], images[2]]))
            #expect(try await che.condition("Ready") != nil)
            try await waitUntilReady(3)

            // Idle.
            try await Task.sleep(for: .seconds(6))
            let writes = try await statusWrites()
            try await Task.sleep(for: .seconds(12))
            #expect(try await statusWrites() == writes)

            // What the main list has too stays; all else is released at once.
            try await che.disable()
            try await eventually("the DaemonSet has gone", within: 30) {
                try await cluster.client.find(DaemonSet.self, daemonSet.metadata.name, namespace: place) == nil
            }
            try await cluster.untilHeld(images: 1)
            #expect(try await che.reconcile(images: [images[0]]))
            try await waitUntilReady(1)
            try await che.disable()
            try await eventually("it has gone again", within: 30) {
                try await cluster.client.find(DaemonSet.self, daemonSet.metadata.name, namespace: place) == nil
            }
        }
    }
}

extension TestCluster {
    private static func operatorFile(_ name: String) throws -> [JSONValue] {
        try shippedPermissions("operator/\(name)")
    }

    /// Grants what objects of another namespace take: what is shipped for it, and the coordinator's own Role once more there.
    func allowObjects(in place: String) async throws {
        var objects = try Self.operatorFile("rbac.yaml")
        let more = objects.filter { $0["kind"]?.stringValue == "RoleBinding" }
        let roles = try Self.shippedPermissions().filter {
            ["Role", "RoleBinding"].contains($0["kind"]?.stringValue) && $0["metadata"]?["namespace"] != nil
                || $0["metadata"]?["name"] == "kubernetes-image-puller-agent"
        }
        objects += (more + roles).map { object in
            var object = object
            object["metadata"]?["namespace"] = .string(place)
            return object
        }
        try await create(objects)
    }

    /// The shipped CustomResourceDefinition.
    func installDefinition() async throws {
        for definition in try Self.operatorFile("crd.yaml") {
            try await client.create(definition, .customResourceDefinitions)
        }
    }
}
