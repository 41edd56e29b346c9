import Cluster
import FoundationEssentials
import ImageSets
import Shared
import Testing

@testable import KubernetesClient
@testable import Manifests

@Suite struct DaemonSetManifestTests {
    static func configuration(
        _ images: [(String, String)] = [("web", "nginx:1"), ("tool", "quay.io/a/b@sha256:" + digest)]
    )
        throws -> Configuration
    {
        var configuration = Configuration()
        configuration.agentImage = "registry.example.com/image-puller:1"
        configuration.images = try images.map { ImageEntry(name: $0.0, reference: try ImageReference($0.1)) }
        return configuration
    }

    private static let digest = String(repeating: "ab", count: 32)

    static func manifest(
        _ configuration: Configuration? = nil, options: ManifestOptions = ManifestOptions(serverURL: "http://c:8443")
    ) throws -> DaemonSetManifest {
        try DaemonSetManifest(configuration ?? Self.configuration(), revision: 7, options: options)
    }

    private static func spec(_ manifest: DaemonSetManifest) throws -> JSONValue {
        try #require(manifest.document["spec"]?["template"]?["spec"])
    }

    private static func named(_ name: String, in list: JSONValue?) throws -> JSONValue {
        try #require(list?.arrayValue?.first { $0["name"]?.stringValue == name })
    }

    private static func names(_ list: JSONValue?) -> [String] {
        (list?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
    }

    /// Which nodes are chosen is no reason to replace pods on those that stay.
    @Test func pinnedNodesAreOutsideOfTheTemplatesHash() throws {
        var options = ManifestOptions(serverURL: "http://c:8443")
        let free = try Self.manifest(options: options)
        options.pinnedNodes = ["n1", "n2"]
        let two = try Self.manifest(options: options)
        options.pinnedNodes = ["n2", "n3"]
        let others = try Self.manifest(options: options)
        #expect(Set([free, two, others].map(\.templateHash)).count == 1)
        #expect(two != others && two != free)
        func names(_ manifest: DaemonSetManifest) throws -> [String] {
            let required = try Self.spec(manifest)["affinity"]?["nodeAffinity"]?[
                "requiredDuringSchedulingIgnoredDuringExecution"]
            return (required?["nodeSelectorTerms"]?.arrayValue ?? []).flatMap { term in
                (term["matchFields"]?.arrayValue ?? []).flatMap {
                    ($0["values"]?.arrayValue ?? []).compactMap(\.stringValue)
                }
            }
        }
        #expect(try names(two) == ["n1", "n2"])
        #expect(try names(others) == ["n2", "n3"])
        options.pinnedNodes = []
        #expect(try Self.manifest(options: options) == free)
    }

    @Test func theDaemonSetItself() throws {
        var configuration = try Self.configuration()
        configuration.daemonSetAnnotations = ["team": "a", "image-puller/revision": "mine"]
        let manifest = try Self.manifest(configuration)
        let labels: JSONValue = [
            "app.kubernetes.io/name": "image-puller", "app.kubernetes.io/instance": "kubernetes-image-puller",
        ]
        #expect(manifest.document["apiVersion"] == "apps/v1")
        #expect(manifest.document["kind"] == "DaemonSet")
        #expect(
            manifest.document["metadata"] == [
                "name": "kubernetes-image-puller", "namespace": "k8s-image-puller",
                "labels": [
                    "app.kubernetes.io/name": "image-puller",
                    "app.kubernetes.io/instance": "kubernetes-image-puller",
                    "app.kubernetes.io/managed-by": "image-puller",
                ],
                "annotations": ["team": "a", "image-puller/revision": "7"],
            ])
        let spec = manifest.document["spec"]
        #expect(spec?["selector"] == ["matchLabels": labels])
        #expect(spec?["updateStrategy"] == ["type": "OnDelete"])
        #expect(
            spec?["template"]?["metadata"] == [
                "labels": labels,
                "annotations": [
                    "image-puller/template": .string(manifest.templateHash),
                    "image-puller/frame": .string(try #require(manifest.frameHash)),
                ],
            ])
    }

    @Test func thePod() throws {
        var configuration = try Self.configuration()
        configuration.scheduling.nodeSelector = ["pool": "a", "kubernetes.io/os": "windows"]
        configuration.scheduling.tolerations = [Toleration(key: "gpu", operator: .exists, effect: .noSchedule)]
        configuration.scheduling.affinity.nodeAffinity = NodeAffinity()
        configuration.scheduling.affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution = NodeSelector(
            nodeSelectorTerms: [
                NodeSelectorTerm(matchExpressions: [NodeSelectorRequirement(key: "k", operator: .in, values: ["v"])])
            ])
        let spec = try Self.spec(Self.manifest(configuration))
        #expect(spec["nodeSelector"] == ["pool": "a", "kubernetes.io/os": "linux"])
        #expect(spec["tolerations"] == [["key": "gpu", "operator": "Exists", "effect": "NoSchedule"]])
        #expect(
            spec["affinity"] == [
                "nodeAffinity": [
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        "nodeSelectorTerms": [["matchExpressions": [["key": "k", "operator": "In", "values": ["v"]]]]]
                    ]
                ]
            ])
        #expect(spec["automountServiceAccountToken"] == false)
        #expect(spec["enableServiceLinks"] == false)
        #expect(spec["terminationGracePeriodSeconds"] == 10)
        #expect(Self.names(spec["containers"]) == ["image-puller-agent", "web", "tool"])
        #expect(Self.names(spec["initContainers"]) == ["image-puller-copy-sleep"])
        for field in ["hostNetwork", "hostPID", "hostIPC"] { #expect(spec[field] == nil) }
    }

    @Test func eachImageIsHeldByOurSleep() throws {
        let container = try Self.named("tool", in: Self.spec(Self.manifest())["containers"])
        #expect(
            container == [
                "name": "tool", "image": .string("quay.io/a/b@sha256:" + Self.digest), "imagePullPolicy": "Never",
                "command": ["/image-puller-bin/sleep"],
                "resources": [
                    "requests": ["cpu": "1m", "memory": "10Mi"], "limits": ["cpu": "200m", "memory": "20Mi"],
                ],
                "securityContext": [
                    "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false,
                    "capabilities": ["drop": ["ALL"]], "seccompProfile": ["type": "RuntimeDefault"],
                    "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532,
                ],
                "volumeMounts": [["name": "bin", "mountPath": "/image-puller-bin", "readOnly": true]],
            ])
    }

    @Test func sleepIsCopiedFirst() throws {
        let spec = try Self.spec(Self.manifest())
        let container = try Self.named("image-puller-copy-sleep", in: spec["initContainers"])
        #expect(container["image"] == "registry.example.com/image-puller:1")
        #expect(container["command"] == ["/image-puller/node-agent", "copy-sleep", "/image-puller-bin"])
        #expect(container["volumeMounts"] == [["name": "bin", "mountPath": "/image-puller-bin"]])
        #expect(container["securityContext"]?["runAsUser"] == 65532)
        #expect(container["securityContext"]?["readOnlyRootFilesystem"] == true)
        #expect(try Self.named("bin", in: spec["volumes"])["emptyDir"] != nil)
    }

    @Test func theAgent() throws {
        var configuration = try Self.configuration()
        configuration.imagePullSecrets = ["first", "second.example.com"]
        let spec = try Self.spec(Self.manifest(configuration))
        let agent = try Self.named("image-puller-agent", in: spec["containers"])
        #expect(agent["image"] == "registry.example.com/image-puller:1")
        #expect(agent["imagePullPolicy"] == "IfNotPresent")
        #expect(agent["command"] == ["/image-puller/node-agent"])
        #expect(
            agent["securityContext"] == [
                "runAsUser": 0, "runAsNonRoot": false, "readOnlyRootFilesystem": true,
                "allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]],
                "seccompProfile": ["type": "RuntimeDefault"],
            ])
        let sockets = [
            "/host/run/containerd/containerd.sock", "/host/run/crio/crio.sock",
            "/host/run/k3s/containerd/containerd.sock", "/host/run/k0s/containerd.sock",
        ]
        #expect(
            agent["env"] == [
                ["name": "IMAGE_PULLER_NODE", "valueFrom": ["fieldRef": ["fieldPath": "spec.nodeName"]]],
                ["name": "IMAGE_PULLER_SERVER", "value": "http://c:8443"],
                ["name": "IMAGE_PULLER_TOKEN_FILE", "value": "/var/run/secrets/image-puller/token/token"],
                ["name": "IMAGE_PULLER_RUNTIME_SOCKETS", "value": .string(sockets.joined(separator: ","))],
                ["name": "IMAGE_PULLER_PULL_SECRETS", "value": "/var/run/secrets/image-puller/pull-secrets"],
                ["name": "IMAGE_PULLER_LOG_LEVEL", "value": "info"], ["name": "MALLOC_ARENA_MAX", "value": "2"],
            ])
        #expect(spec["imagePullSecrets"] == [["name": "first"], ["name": "second.example.com"]])
        let mounts = try #require(agent["volumeMounts"]?.arrayValue)
        let paths = Dictionary(
            uniqueKeysWithValues: mounts.map { ($0["mountPath"]?.stringValue ?? "", $0["name"]?.stringValue ?? "") })
        func volume(_ path: String) throws -> JSONValue {
            try Self.named(try #require(paths[path], "\(path)"), in: spec["volumes"])
        }
        #expect(
            try volume("/var/run/secrets/image-puller/token")["projected"] == [
                "sources": [
                    ["serviceAccountToken": ["audience": "image-puller", "expirationSeconds": 3600, "path": "token"]]
                ], "defaultMode": 256,
            ])
        #expect(
            try volume("/var/run/secrets/image-puller/pull-secrets/second.example.com")["secret"]
                == ["secretName": "second.example.com", "defaultMode": 256, "optional": true])
        for folder in ["/run/containerd", "/run/crio", "/run/k3s/containerd", "/run/k0s"] {
            #expect(try volume("/host" + folder)["hostPath"] == ["path": .string(folder), "type": "DirectoryOrCreate"])
        }
        // Every volume is mounted, and nothing is mounted that isn't there.
        #expect(Set(paths.values).union(["bin"]) == Set(Self.names(spec["volumes"])))
    }

    @Test func agentsGetNoSecretsWherePrivateImagesAreProtected() throws {
        var configuration = try Self.configuration()
        configuration.imagePullSecrets = ["first"]
        configuration.protectsPrivateImages = true
        let spec = try Self.spec(Self.manifest(configuration))
        #expect(spec["imagePullSecrets"] == [["name": "first"]], "kubelets ask for those of the pod")
        #expect(!Self.names(spec["volumes"]).contains { $0.hasPrefix("pull-secret") })
        let mounts = try Self.named("image-puller-agent", in: spec["containers"])["volumeMounts"]
        #expect(!Self.names(mounts).contains { $0.hasPrefix("pull-secret") })
    }

    @Test func anotherNameForAnEntryIsTheSameTemplate() throws {
        var configuration = try Self.configuration([("web", "nginx"), ("tool", "quay.io/a/b:1")])
        let before = try Self.manifest(configuration).templateHash
        configuration.images[0] = ImageEntry(
            name: "front", reference: try ImageReference("docker.io/library/nginx:latest"))
        configuration.images[0].container = "web"
        #expect(try Self.manifest(configuration).templateHash == before)
        configuration.images[0].container = "front"
        #expect(try Self.manifest(configuration).templateHash != before)
    }

    @Test func theCertificateAuthorityIsMounted() throws {
        var options = ManifestOptions(serverURL: "https://c:8443")
        options.caConfigMap = "image-puller-ca"
        let spec = try Self.spec(Self.manifest(options: options))
        let agent = try Self.named("image-puller-agent", in: spec["containers"])
        #expect(
            try Self.named("IMAGE_PULLER_CA_FILE", in: agent["env"])["value"]
                == "/var/run/secrets/image-puller/ca/ca.crt")
        #expect(try Self.named("ca", in: spec["volumes"])["configMap"] == ["name": "image-puller-ca"])
    }

    @Test func aSocketOfTheUsersOwn() throws {
        var configuration = try Self.configuration()
        configuration.runtimeSocket = .path("/var/run/docker/containerd/containerd.sock")
        let spec = try Self.spec(Self.manifest(configuration))
        let agent = try Self.named("image-puller-agent", in: spec["containers"])
        #expect(
            try Self.named("IMAGE_PULLER_RUNTIME_SOCKETS", in: agent["env"])["value"]
                == "/host/var/run/docker/containerd/containerd.sock")
        let hostPaths = (spec["volumes"]?.arrayValue ?? []).compactMap { $0["hostPath"]?["path"]?.stringValue }
        #expect(hostPaths == ["/var/run/docker/containerd"])
    }

    @Test func onOpenShiftTheUserIsTheClustersWithoutAnAgent() throws {
        var options = ManifestOptions(serverURL: "http://c:8443")
        options.openShift = true
        options.serviceAccount = "image-puller-agent"
        let spec = try Self.spec(Self.manifest(options: options))
        let held = try Self.named("web", in: spec["containers"])["securityContext"]
        #expect(held?["runAsUser"] == 65532)
        #expect(held?["runAsNonRoot"] == true)
        let agent = try Self.named("image-puller-agent", in: spec["containers"])["securityContext"]
        #expect(agent?["runAsUser"] == 0)
        #expect(agent?["seLinuxOptions"] == ["type": "spc_t"])
        #expect(spec["serviceAccountName"] == "image-puller-agent")

        var configuration = try Self.configuration()
        configuration.runtimeSocket = .none
        let restricted = try Self.spec(Self.manifest(configuration, options: options))
        let assigned = try Self.named("web", in: restricted["containers"])["securityContext"]
        #expect(assigned?["runAsUser"] == nil && assigned?["runAsGroup"] == nil)
        #expect(assigned?["runAsNonRoot"] == true)
    }

    @Test func restrictedModeHasNeitherAgentNorHostPath() throws {
        var configuration = try Self.configuration()
        configuration.runtimeSocket = .none
        configuration.imagePullSecrets = ["first"]
        let spec = try Self.spec(Self.manifest(configuration))
        #expect(Self.names(spec["containers"]) == ["web", "tool"])
        #expect(Self.names(spec["volumes"]) == ["bin"])
        #expect(try Self.named("web", in: spec["containers"])["imagePullPolicy"] == "IfNotPresent")
        #expect(spec["imagePullSecrets"] == [["name": "first"]])
        configuration.images = []
        #expect(throws: ManifestError.noContainers) { try Self.manifest(configuration) }
    }

    @Test func ownedByTheCoordinatorsDeployment() throws {
        var options = ManifestOptions(serverURL: "http://c:8443")
        options.ownerReference = OwnerReference(apiVersion: "apps/v1", kind: "Deployment", name: "c", uid: "u")
        #expect(
            try Self.manifest(options: options).document["metadata"]?["ownerReferences"]
                == [["apiVersion": "apps/v1", "kind": "Deployment", "name": "c", "uid": "u"]])
    }

    @Test func theHashTellsTemplatesApartAndNothingElse() throws {
        let hash = try Self.manifest().templateHash
        #expect(hash == (try Self.manifest().templateHash))
        #expect(hash.utf8.count == 16)
        var other = try Self.configuration()
        other.daemonSetAnnotations = ["a": "b"]
        other.pullMaxParallel = 3
        #expect(
            try DaemonSetManifest(other, revision: 8, options: .init(serverURL: "http://c:8443")).templateHash == hash)
        other.sleepResources.memoryLimit = "21Mi"
        #expect(try Self.manifest(other).templateHash != hash)
        #expect(try Self.manifest(Self.configuration([("web", "nginx:2")])).templateHash != hash)
        // FNV-1a of `[]`: another algorithm in a new release would replace all pods of a cluster.
        #expect(CanonicalJSON.hash([]) == "09612b07b5ecb5a5")
    }

    @Test func oneDocumentHasOneSpelling() {
        let document: JSONValue = ["b": [1, true, .null, .number(1.5)], "a": "q\"\\\n\u{1}é/"]
        #expect(
            String(decoding: CanonicalJSON.bytes(document), as: UTF8.self)
                == #"{"a":"q\"\\\u000a\u0001é/","b":[1,true,null,1.5]}"#)
    }

    @Test func whatCannotBeMade() throws {
        var nobody = try Self.configuration()
        nobody.agentImage = nil
        #expect(throws: ManifestError.noAgentImage) { try Self.manifest(nobody) }
        let many = (0..<1200).map { ("entry-\($0)", "registry.example.com/some/longer/repository-\($0):tag") }
        let error = #expect(throws: ManifestError.self) { try Self.manifest(Self.configuration(many)) }
        guard case .templateTooLarge(let bytes) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(bytes > 512 << 10)
        #expect(error?.description.contains("list fewer images") == true)
        #expect(try Self.manifest().templateBytes < 8000)
    }
}
