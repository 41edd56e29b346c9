import ClusterModel
import Shared

extension PodSpec {
    /// Names of our own containers in a pod.
    static let agentContainer = "image-puller-agent"

    /// What the kubelet model needs of a pod object.
    ///
    /// - Parameter secrets: its `imagePullSecrets`, as they are now.
    init(_ pod: JSONValue, secrets: [PullSecret] = []) {
        self.init(
            id: pod.uid,
            initContainers: (pod.at("spec", "initContainers")?.arrayValue ?? []).map {
                Container($0, exitsAfter: 0.2)
            },
            containers: (pod.at("spec", "containers")?.arrayValue ?? []).map { Container($0, exitsAfter: nil) },
            pullSecrets: secrets)
    }
}

extension PodSpec.Container {
    init(_ container: JSONValue, exitsAfter: Seconds?) {
        let image = container["image"]?.stringValue ?? ""
        let written = container["imagePullPolicy"]?.stringValue.flatMap(PodSpec.PullPolicy.init(rawValue:))
        // The API server's default: `latest` is always pulled.
        let tag = (try? ImageReference(image))?.tag
        self.init(
            name: container["name"]?.stringValue ?? "", image: image,
            policy: written ?? (tag == "latest" ? .always : .ifNotPresent), exitsAfter: exitsAfter)
    }
}
