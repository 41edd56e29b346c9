import Cluster
import ImageSets
import Planning
import Shared
import Testing

@testable import KubernetesClient
@testable import Manifests

@Suite("The pod by which a kubelet pulls") struct PullPodManifestTests {
    private func document(isRefresh: Bool = false) throws -> JSONValue {
        var configuration = Configuration()
        configuration.imagePullSecrets = ["one"]
        configuration.pullTimeoutSeconds = 77
        configuration.scheduling.tolerations = [Toleration(key: "gpu", operator: .exists)]
        var options = ManifestOptions(serverURL: "https://x:1")
        options.serviceAccount = "agents"
        let pod = Plan.PullPod(
            node: "n1", order: 1_000_000, reference: try ImageReference("quay.io/a/b:1"), isRefresh: isRefresh)
        return try PullPodManifest(
            pod, configuration, options,
            owner: OwnerReference(apiVersion: "apps/v1", kind: "DaemonSet", name: "d", uid: "u")
        ).document
    }

    @Test("It is bound to its node, ends by itself, runs nothing, and goes with the DaemonSet")
    func spec() throws {
        let document = try document()
        let spec = try #require(document["spec"])
        #expect(document["metadata"]?["name"] == "kubernetes-image-puller-pull-lfls")
        #expect(
            document["metadata"]?["ownerReferences"] == [
                ["apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d", "uid": "u"]
            ])
        #expect(spec["nodeName"] == "n1" && spec["restartPolicy"] == "Never")
        #expect(spec["activeDeadlineSeconds"] == 77)
        #expect(spec["automountServiceAccountToken"] == false && spec["serviceAccountName"] == "agents")
        #expect(spec["imagePullSecrets"] == [["name": "one"]])
        #expect(spec["tolerations"] == [["key": "gpu", "operator": "Exists"]])
        let container = try #require(spec["containers"]?.arrayValue?.first)
        #expect(container["image"] == "quay.io/a/b:1" && container["imagePullPolicy"] == "IfNotPresent")
        #expect(container["securityContext"]?["runAsNonRoot"] == true)
        #expect(container["securityContext"]?["capabilities"] == ["drop": ["ALL"]])
    }

    @Test("A refresh asks the registry though the image is there")
    func refresh() throws {
        let container = try document(isRefresh: true)["spec"]?["containers"]?.arrayValue?.first
        #expect(container?["imagePullPolicy"] == "Always")
    }

    @Test("The DaemonSet's selector never matches it")
    func labels() throws {
        let labels = try #require(try document()["metadata"]?["labels"]?.objectValue)
        let selector = PodNames.labels(daemonSet: "kubernetes-image-puller")
        #expect(!selector.allSatisfy { labels[$0.key] == .string($0.value) })
        for part in PullPodManifest.selector(daemonSet: "kubernetes-image-puller").split(separator: ",") {
            let pair = part.split(separator: "=").map(String.init)
            #expect(labels[pair[0]] == .string(pair[1]))
        }
    }
}
