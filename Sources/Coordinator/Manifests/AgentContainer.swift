import Cluster
import ImageSets
import Logging
import Shared

/// The agent in the DaemonSet's pod: its container, and the volumes through which it reaches the container runtime.
struct AgentContainer: Sendable {
    private let configuration: Configuration
    private let options: ManifestOptions
    private let image: String
    private let sockets: [HostSocket]

    init(_ configuration: Configuration, _ options: ManifestOptions, image: String) {
        self.configuration = configuration
        self.options = options
        self.image = image
        sockets = HostSocket.candidates(configuration.runtimeSocket)
    }

    private static let secrets = "/var/run/secrets/image-puller"
    /// The kubelet renews a token when 80 % of its lifetime are over.
    static let tokenSeconds: Int64 = 3600
    private static let pullSecrets = secrets + "/pull-secrets"

    func container() -> JSONValue {
        [
            "name": .string(Configuration.agentContainerName),
            "image": .string(image),
            "imagePullPolicy": "IfNotPresent",
            "command": ["/image-puller/node-agent"],
            "env": .array(environment()),
            "resources": [
                "requests": ["cpu": "5m", "memory": "24Mi"], "limits": ["cpu": "500m", "memory": "128Mi"],
            ],
            "securityContext": securityContext,
            "volumeMounts": .array(mounts()),
        ]
    }

    /// Root, since the runtime's socket is root's; without any capability.
    private var securityContext: JSONValue {
        var context = SecurityContext.confined
        context["runAsUser"] = 0
        context["runAsNonRoot"] = false
        // SELinux lets no ordinary container connect to the runtime's socket.
        if options.openShift { context["seLinuxOptions"] = ["type": "spc_t"] }
        return context
    }

    private func environment() -> [JSONValue] {
        var variables: [(name: String, value: String)] = [
            ("IMAGE_PULLER_SERVER", options.serverURL),
            ("IMAGE_PULLER_TOKEN_FILE", Self.secrets + "/token/token"),
            ("IMAGE_PULLER_RUNTIME_SOCKETS", sockets.map(\.pathInContainer).joined(separator: ",")),
            ("IMAGE_PULLER_PULL_SECRETS", Self.pullSecrets),
            ("IMAGE_PULLER_LOG_LEVEL", options.logLevel.rawValue),
            // glibc's arena for each thread would cost more than the agent itself.
            ("MALLOC_ARENA_MAX", "2"),
        ]
        // The agent's own default isn't written: an upgrade that changes nothing replaces no pod.
        if options.logFormat != .text { variables.append(("IMAGE_PULLER_LOG_FORMAT", options.logFormat.rawValue)) }
        if options.caConfigMap != nil { variables.append(("IMAGE_PULLER_CA_FILE", Self.secrets + "/ca/ca.crt")) }
        let node: JSONValue = [
            "name": "IMAGE_PULLER_NODE", "valueFrom": ["fieldRef": ["fieldPath": "spec.nodeName"]],
        ]
        return [node] + variables.map { ["name": .string($0.name), "value": .string($0.value)] }
    }

    /// What isn't to become open to every pod of a node is pulled by kubelets: agents can't, without credentials.
    private var pullSecrets: [String] {
        configuration.protectsPrivateImages == true ? [] : configuration.imagePullSecrets
    }

    private func mounts() -> [JSONValue] {
        func mount(_ name: String, _ path: String) -> JSONValue {
            // Connecting to a socket needs no writable mount.
            ["name": .string(name), "mountPath": .string(path), "readOnly": true]
        }
        var mounts = [mount("token", Self.secrets + "/token")]
        if options.caConfigMap != nil { mounts.append(mount("ca", Self.secrets + "/ca")) }
        for (index, secret) in pullSecrets.enumerated() {
            mounts.append(mount("pull-secret-\(index)", Self.pullSecrets + "/" + secret))
        }
        for socket in sockets { mounts.append(mount(socket.volume, socket.folderInContainer)) }
        return mounts
    }

    func volumes() -> [JSONValue] {
        // Bound to the pod, for us alone: the API server doesn't take it.
        let token: JSONValue = [
            "serviceAccountToken": [
                "audience": .string(AgentToken.audience), "expirationSeconds": .integer(Self.tokenSeconds),
                "path": "token",
            ]
        ]
        var volumes: [JSONValue] = [
            ["name": "token", "projected": ["sources": [token], "defaultMode": 0o400]]
        ]
        if let name = options.caConfigMap { volumes.append(["name": "ca", "configMap": ["name": .string(name)]]) }
        for (index, secret) in pullSecrets.enumerated() {
            // A missing secret that isn't optional would keep the whole pod from starting.
            volumes.append([
                "name": .string("pull-secret-\(index)"),
                "secret": ["secretName": .string(secret), "defaultMode": 0o400, "optional": true],
            ])
        }
        for socket in sockets {
            volumes.append([
                "name": .string(socket.volume),
                "hostPath": ["path": .string(socket.folder), "type": "DirectoryOrCreate"],
            ])
        }
        return volumes
    }
}

/// A container runtime's socket on the host. Its folder is mounted, not the socket: that one is made anew when the
/// runtime restarts.
struct HostSocket: Sendable, Hashable {
    let volume: String
    let folder: String
    let name: String

    var folderInContainer: String { "/host" + (folder == "/" ? "" : folder) }
    var pathInContainer: String { "\(folderInContainer)/\(name)" }

    /// The usual places of containerd, CRI-O, k3s and k0s.
    static let usual = [
        HostSocket(volume: "run-containerd", folder: "/run/containerd", name: "containerd.sock"),
        HostSocket(volume: "run-crio", folder: "/run/crio", name: "crio.sock"),
        HostSocket(volume: "run-k3s", folder: "/run/k3s/containerd", name: "containerd.sock"),
        HostSocket(volume: "run-k0s", folder: "/run/k0s", name: "containerd.sock"),
    ]

    static func candidates(_ socket: RuntimeSocket) -> [HostSocket] {
        switch socket {
        case .none: return []
        case .automatic: return usual
        case .path(let path):
            let parts = path.split(separator: "/")
            guard let name = parts.last else { return [] }
            let folder = "/" + parts.dropLast().joined(separator: "/")
            return [HostSocket(volume: "runtime", folder: folder, name: String(name))]
        }
    }
}
