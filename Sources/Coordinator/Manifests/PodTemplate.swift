import Cluster
import ImageSets
import Shared

/// The pod's spec in the DaemonSet's template.
struct PodTemplate: Sendable {
    private let configuration: Configuration
    private let options: ManifestOptions
    private let image: String
    private let agent: AgentContainer?

    /// - Throws: ``ManifestError``.
    init(_ configuration: Configuration, _ options: ManifestOptions) throws(ManifestError) {
        guard let image = configuration.agentImage, !image.isEmpty else { throw .noAgentImage }
        self.configuration = configuration
        self.options = options
        self.image = image
        agent =
            configuration.runtimeSocket == .none ? nil : AgentContainer(configuration, options, image: image)
        if agent == nil, configuration.images.isEmpty { throw .noContainers }
    }

    func spec() throws -> JSONValue {
        let scheduling = configuration.scheduling
        var nodeSelector = scheduling.nodeSelector
        nodeSelector[PodNames.osLabel] = "linux"
        var containers: [JSONValue] = []
        if let agent { containers.append(agent.container()) }
        containers += configuration.images.map(sleepContainer)
        var volumes: [JSONValue] = [["name": "bin", "emptyDir": ["sizeLimit": "1Mi"]]]
        if let agent { volumes += agent.volumes() }

        // Empty lists are written too: then they are ours, and what others put there goes away.
        var spec: JSONValue = [
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "terminationGracePeriodSeconds": 10,
            "nodeSelector": JSONValue(labels: nodeSelector),
            "tolerations": try JSONValue(encoding: scheduling.podTolerations),
            "imagePullSecrets": .array(configuration.imagePullSecrets.map { ["name": .string($0)] }),
            "initContainers": [copyContainer],
            "containers": .array(containers),
            "volumes": .array(volumes),
        ]
        if !scheduling.affinity.isEmpty { spec["affinity"] = try JSONValue(encoding: scheduling.affinity) }
        if let priority = configuration.priorityClassName { spec["priorityClassName"] = .string(priority) }
        if agent != nil, let account = options.serviceAccount { spec["serviceAccountName"] = .string(account) }
        return spec
    }

    /// Copies `sleep` where all containers can run it, so that images without any program can be held.
    private var copyContainer: JSONValue {
        [
            "name": .string(Configuration.copySleepContainerName),
            "image": .string(image),
            "imagePullPolicy": "IfNotPresent",
            "command": ["/image-puller/node-agent", "copy-sleep", "/image-puller-bin"],
            "resources": [
                "requests": ["cpu": "1m", "memory": "10Mi"], "limits": ["cpu": "200m", "memory": "64Mi"],
            ],
            "securityContext": unprivileged,
            "volumeMounts": [["name": "bin", "mountPath": "/image-puller-bin"]],
        ]
    }

    private func sleepContainer(_ entry: ImageEntry) -> JSONValue {
        var container = holder
        container["name"] = .string(entry.container)
        // A short name may mean something else to each node's runtime.
        container["image"] = .string(entry.reference.normalised)
        return container
    }

    /// What all containers that hold an image have in common.
    var holder: JSONValue {
        let resources = configuration.sleepResources
        return [
            // With an agent kubelets never pull: a container starts when the agent has brought its image.
            "imagePullPolicy": agent == nil ? "IfNotPresent" : "Never",
            "command": .array(PodNames.sleepCommand.map(JSONValue.string)),
            "resources": [
                "requests": ["cpu": .string(resources.cpuRequest), "memory": .string(resources.memoryRequest)],
                "limits": ["cpu": .string(resources.cpuLimit), "memory": .string(resources.memoryLimit)],
            ],
            "securityContext": unprivileged,
            "volumeMounts": [["name": "bin", "mountPath": "/image-puller-bin", "readOnly": true]],
        ]
    }

    /// OpenShift assigns a user to pods without an agent. The security context constraints of those with an agent let
    /// it be root, and so assign none.
    private var unprivileged: JSONValue {
        SecurityContext.unprivileged(assignsUser: !(options.openShift && agent == nil))
    }
}

/// What all our containers have in common.
enum SecurityContext {
    static let confined: JSONValue = [
        "allowPrivilegeEscalation": false,
        "capabilities": ["drop": ["ALL"]],
        "readOnlyRootFilesystem": true,
        "seccompProfile": ["type": "RuntimeDefault"],
    ]

    /// Meets the restricted Pod Security Standard.
    ///
    /// - Parameter assignsUser: whether a numeric user is given, which lets images start whose user is root or a name.
    static func unprivileged(assignsUser: Bool) -> JSONValue {
        var context = confined
        context["runAsNonRoot"] = true
        if assignsUser {
            context["runAsUser"] = 65532
            context["runAsGroup"] = 65532
        }
        return context
    }
}
