import ClusterModel
import FoundationEssentials
import Shared
import Testing

@testable import ClusterSimulator

/// Kubelets of simulated nodes show registries what a pod's `imagePullSecrets` hold, and remember it.
@Suite struct PullSecretTests {
    private static let host = "private.example.com"
    private static let image = "\(host)/app:1"

    private func secret(_ name: String, password: String) -> JSONValue {
        let text = #"{"auths":{"https://\#(Self.host)/v1/":{"username":"u","password":"\#(password)"}}}"#
        return [
            "apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name), "namespace": "default"],
            "type": "kubernetes.io/dockerconfigjson",
            "data": [".dockerconfigjson": .string(Data(text.utf8).base64EncodedString())],
        ]
    }

    private func createPod(_ name: String, policy: String, secrets: [String], _ fixture: NodeFixture) async throws {
        try await fixture.store.create(
            .pods, namespace: "default",
            object: [
                "apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name)],
                "spec": [
                    "nodeName": "n1",
                    "containers": [NodeFixture.container("c", image: Self.image, policy: policy)],
                    "imagePullSecrets": .array(secrets.map { ["name": .string($0)] }),
                ],
            ])
    }

    private func waits(_ pod: String, _ reason: String, _ fixture: NodeFixture) async throws -> Bool {
        try await eventually {
            await fixture.status(pod, "c")?.at("state", "waiting", "reason")?.stringValue == reason
        }
    }

    @Test func aPodsSecretOpensTheImageToThoseWhoHaveIt() async throws {
        let fixture = try NodeFixture()
        try await fixture.run {
            await fixture.cluster.change { model in
                var registry = RegistryModel(host: Self.host, latency: 0)
                registry.credential = Credential(username: "u", password: "right")
                if let reference = try? ImageReference(Self.image) {
                    registry.publish(ImageDescriptor(name: "app", version: "1", size: 1000), as: reference)
                }
                model.addRegistry(registry)
            }
            for (name, password) in [("good", "right"), ("stale", "wrong")] {
                try await fixture.store.create(
                    .secrets, namespace: "default", object: secret(name, password: password))
            }
            try await createPod("stale", policy: "IfNotPresent", secrets: ["stale", "missing"], fixture)
            #expect(try await waits("stale", "ErrImagePull", fixture))
            try await createPod("good", policy: "IfNotPresent", secrets: ["stale", "good"], fixture)
            #expect(try await eventually { await fixture.isRunning("good", "c") })
            try await createPod("none", policy: "Never", secrets: [], fixture)
            try await createPod("same", policy: "Never", secrets: ["good"], fixture)
            #expect(try await waits("none", "ErrImageNeverPull", fixture))
            #expect(try await eventually { await fixture.isRunning("same", "c") })
        }
    }
}
