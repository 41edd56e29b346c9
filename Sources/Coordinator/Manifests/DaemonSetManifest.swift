import Cluster
import ImageSets
import KubernetesClient
import Shared

/// The DaemonSet of one image set, as a document for server-side apply. The same inputs give the same document.
package struct DaemonSetManifest: Sendable, Hashable {
    package let name: String
    package let namespace: String
    /// All that we set, and nothing else.
    package let document: JSONValue
    /// Of the pod template's content; stands in it as an annotation too.
    package let templateHash: String
    /// Of the same without the images that are held; stands in the pod template as an annotation too. Nil in restricted mode.
    package let frameHash: String?
    /// What a container that is added to a pod has beside its name and its image. Ephemeral containers request nothing.
    package let addedContainer: JSONValue
    /// Our own image in it.
    package let agentImage: String?
    /// The pod template's size in JSON.
    package let templateBytes: Int

    /// A DaemonSet, its ControllerRevisions and its pods each hold the template; etcd takes 1.5 MiB an object.
    package static let maximumTemplateBytes = 512 << 10

    /// - Parameter revision: of the accepted configuration.
    /// - Throws: ``ManifestError``.
    package init(_ configuration: Configuration, revision: Int, options: ManifestOptions) throws {
        let labels = JSONValue(labels: PodNames.labels(daemonSet: configuration.daemonSetName))
        let pods = try PodTemplate(configuration, options)
        var template: JSONValue = ["metadata": ["labels": labels], "spec": try pods.spec()]
        let content = CanonicalJSON.bytes(template)
        // What is too large is written once only: it can be megabytes.
        guard content.count <= Self.maximumTemplateBytes else {
            throw ManifestError.templateTooLarge(bytes: content.count)
        }
        templateHash = CanonicalJSON.hash(ofBytes: content)
        var annotations: JSONValue = [PodNames.templateAnnotation: .string(templateHash)]
        if configuration.runtimeSocket == .none {
            frameHash = nil
        } else {
            var frame = template
            let agent = frame["spec"]?["containers"]?.arrayValue?.filter {
                $0["name"]?.stringValue == Configuration.agentContainerName
            }
            frame["spec"]?["containers"] = .array((agent ?? []) + [pods.holder])
            let hash = CanonicalJSON.hash(frame)
            frameHash = hash
            annotations[PodNames.frameAnnotation] = .string(hash)
        }
        addedContainer = .object((pods.holder.objectValue ?? [:]).filter { $0.key != "resources" })
        template["metadata"]?["annotations"] = annotations
        // Behind the hash: pods that are there stay as they are when other nodes are chosen.
        if let nodes = options.pinnedNodes, !nodes.isEmpty {
            let affinity = configuration.scheduling.narrowed(to: nodes).affinity
            template["spec"]?["affinity"] = try JSONValue(encoding: affinity)
        }
        templateBytes = CanonicalJSON.bytes(template).count
        guard templateBytes <= Self.maximumTemplateBytes else {
            throw ManifestError.templateTooLarge(bytes: templateBytes)
        }

        agentImage = configuration.agentImage
        name = configuration.daemonSetName
        namespace = configuration.namespace
        document = [
            "apiVersion": .string(ResourceType.daemonSets.apiVersion),
            "kind": .string(ResourceType.daemonSets.kind),
            "metadata": Self.metadata(configuration, revision, options),
            "spec": [
                "selector": ["matchLabels": labels],
                // Pods are replaced by the plan, node by node, when their images have come.
                "updateStrategy": ["type": "OnDelete"],
                "template": template,
            ],
        ]
    }

    /// The size of the pod template that a configuration leads to, that of one that is too large, too; 0: none can be made of it,
    /// which is told when it is applied.
    package static func templateBytes(of configuration: Configuration, options: ManifestOptions) -> Int {
        var configuration = configuration
        // Which image of ours it is matters little for the size.
        configuration.agentImage = configuration.agentImage ?? "registry.example.com/image-puller:1"
        do {
            return try Self(configuration, revision: 0, options: options).templateBytes
        } catch ManifestError.templateTooLarge(let bytes) {
            return bytes
        } catch {
            return 0
        }
    }

    /// A pod as the DaemonSet's controller makes it, but for the node.
    ///
    /// - Parameters:
    ///   - ownerUID: the DaemonSet's.
    ///   - template: as the API server has it, where that is known.
    package func pod(ownerUID: String, template: JSONValue? = nil) -> JSONValue {
        let template = template ?? document["spec"]?["template"]
        var metadata = template?["metadata"] ?? [:]
        metadata["generateName"] = .string("\(name)-")
        metadata["namespace"] = .string(namespace)
        metadata["ownerReferences"] = [
            [
                "apiVersion": .string(ResourceType.daemonSets.apiVersion),
                "kind": .string(ResourceType.daemonSets.kind), "name": .string(name), "uid": .string(ownerUID),
                "controller": true,
            ]
        ]
        return [
            "apiVersion": .string(ResourceType.pods.apiVersion), "kind": .string(ResourceType.pods.kind),
            "metadata": metadata, "spec": template?["spec"] ?? [:],
        ]
    }

    /// The images of the list as they are written here, by container.
    package var images: [String: String] {
        Self.images(document["spec"]?["template"]?["spec"]).filter { $0.key != Configuration.agentContainerName }
    }

    /// The names of a pod's containers, the agent's included.
    package var containers: Set<String> { Set(Self.images(document["spec"]?["template"]?["spec"]).keys) }

    /// The same, each with what a pod's spec has in its place.
    package func images(asIn spec: JSONValue?) -> [(written: String, named: String)] {
        let live = Self.images(spec)
        return images.compactMap { container, written in live[container].map { (written, $0) } }
    }

    private static func images(_ spec: JSONValue?) -> [String: String] {
        let pairs = (spec?["containers"]?.arrayValue ?? []).compactMap { container in
            container["name"]?.stringValue.flatMap { name in container["image"]?.stringValue.map { (name, $0) } }
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    /// What a pod requests: all its containers together, or its init container, if that is more.
    package var requests: (memory: Quantity, cpu: Quantity) {
        let spec = document["spec"]?["template"]?["spec"]
        func requests(_ list: String, _ resource: String) -> [Quantity] {
            (spec?[list]?.arrayValue ?? []).compactMap { container in
                container["resources"]?["requests"]?[resource]?.stringValue.flatMap { try? Quantity($0) }
            }
        }
        func most(_ resource: String) -> Quantity {
            requests("initContainers", resource).reduce(
                requests("containers", resource).reduce(.zero, +), max)
        }
        return (most("memory"), most("cpu"))
    }

    private static func metadata(
        _ configuration: Configuration, _ revision: Int, _ options: ManifestOptions
    ) -> JSONValue {
        var labels = PodNames.labels(daemonSet: configuration.daemonSetName)
        labels[PodNames.managedByLabel] = PodNames.application
        if let set = options.imageSet { labels[PodNames.setLabel] = set }
        var annotations = configuration.daemonSetAnnotations
        annotations[PodNames.revisionAnnotation] = String(revision)
        if let object = options.object { annotations[PodNames.objectAnnotation] = object }
        if let image = options.provenAgentImage { annotations[PodNames.provenImageAnnotation] = image }
        var metadata: JSONValue = [
            "name": .string(configuration.daemonSetName),
            "namespace": .string(configuration.namespace),
            "labels": JSONValue(labels: labels),
            "annotations": JSONValue(labels: annotations),
        ]
        if let owner = options.ownerReference {
            var reference: JSONValue = [
                "apiVersion": .string(owner.apiVersion), "kind": .string(owner.kind), "name": .string(owner.name),
                "uid": .string(owner.uid),
            ]
            if let controller = owner.controller { reference["controller"] = .bool(controller) }
            if let blocks = owner.blockOwnerDeletion { reference["blockOwnerDeletion"] = .bool(blocks) }
            metadata["ownerReferences"] = [reference]
        }
        return metadata
    }
}

extension JSONValue {
    /// Labels, annotations, node selectors.
    init(labels: [String: String]) { self = .object(labels.mapValues { .string($0) }) }
}
