import KubernetesClient
import Manifests
import Planning
import Shared

/// Adds containers to running pods, and makes pods ones of another template.
package struct PodExtender: Sendable {
    private let client: KubernetesClient
    private let pace: RequestPace

    /// - Parameter pace: of all requests that change pods.
    package init(client: KubernetesClient, pace: RequestPace) {
        self.client = client
        self.pace = pace
    }

    /// Adds ephemeral containers, which the pod's kubelet starts at once.
    ///
    /// - Parameter container: what each has beside its name and its image.
    /// - Throws: ``KubernetesError``
    package func add(_ container: JSONValue, to pod: Plan.Wake, namespace: String) async throws {
        let containers = pod.additions.sorted { $0.key < $1.key }.map { name, image in
            var added = container
            added["name"] = .string(name)
            added["image"] = .string(image)
            return added
        }
        await pace.turn()
        // The uid keeps a successor of the same name from being meant.
        try await client.strategicPatch(
            ["metadata": ["uid": .string(pod.uid)], "spec": ["ephemeralContainers": .array(containers)]], .pods,
            name: pod.pod, namespace: namespace, subresource: "ephemeralcontainers")
    }

    /// Whether we have the permissions that adding containers takes.
    ///
    /// - Throws: ``KubernetesError``
    package func isPermitted(in namespace: String) async throws -> Bool {
        guard try await client.may("patch", .pods, subresource: "ephemeralcontainers", namespace: namespace) else {
            return false
        }
        return try await client.may("patch", .pods, namespace: namespace)
    }

    /// - Throws: ``KubernetesError``
    package func adopt(_ pod: Plan.PodAdoption, namespace: String) async throws {
        await pace.turn()
        try await client.annotate(
            pod.pod, uid: pod.uid, [PodNames.templateAnnotation: .string(pod.template)], namespace: namespace)
    }
}

extension KubernetesClient {
    /// Sets annotations of a pod. The uid keeps a successor of the same name from being meant.
    func annotate(_ pod: String, uid: String, _ annotations: [String: JSONValue], namespace: String) async throws {
        try await mergePatch(
            ["metadata": ["uid": .string(uid), "annotations": .object(annotations)]], .pods, name: pod,
            namespace: namespace)
    }
}

extension KubernetesError {
    /// Nothing passes by itself: whoever asks may not, or the API server knows of no such thing, or takes none.
    var isFinalForPods: Bool { !isOfGoneObject && (status == 403 || status == 404 || status == 405 || isInvalid) }
}
