import Cluster
import ImageSets
import Shared
import Testing

@testable import KubernetesClient
@testable import KubernetesFixtures
@testable import Manifests

@Suite struct DaemonSetDriftTests {
    private static func manifest() throws -> DaemonSetManifest {
        var configuration = try DaemonSetManifestTests.configuration()
        configuration.imagePullSecrets = ["s"]
        configuration.sleepResources.cpuLimit = "0.2"
        configuration.sleepResources.memoryLimit = "1024Ki"
        return try DaemonSetManifestTests.manifest(configuration)
    }

    /// The manifest as an API server stores it: with the defaults that a real one added to a captured DaemonSet.
    private static func live(_ manifest: DaemonSetManifest) throws -> JSONValue {
        let captured = try Facts.decode(JSONValue.self, "daemonset.ready.json")
        var live = manifest.document
        live["status"] = captured["status"]
        for field in ["uid", "resourceVersion", "generation", "creationTimestamp"] {
            live["metadata"]?[field] = captured["metadata"]?[field]
        }
        live["metadata"]?["annotations"]?["deprecated.daemonset.template.generation"] = "1"
        live["spec"]?["revisionHistoryLimit"] = 10
        let defaults = captured["spec"]?["template"]?["spec"]
        for field in ["dnsPolicy", "restartPolicy", "schedulerName", "securityContext"] {
            live["spec"]?["template"]?["spec"]?[field] = defaults?[field]
        }
        let container = defaults?["containers"]?.arrayValue?.first
        for list in ["containers", "initContainers"] {
            edit(&live, list) { member in
                for field in ["terminationMessagePath", "terminationMessagePolicy"] {
                    member[field] = container?[field]
                }
                if member["resources"]?["limits"]?["cpu"] == "0.2" { member["resources"]?["limits"]?["cpu"] = "200m" }
                if member["resources"]?["limits"]?["memory"] == "1024Ki" {
                    member["resources"]?["limits"]?["memory"] = "1Mi"
                }
                guard let variables = member["env"]?.arrayValue else { return }
                member["env"] = .array(
                    variables.map { variable in
                        var variable = variable
                        if variable["valueFrom"] != nil { variable["valueFrom"]?["fieldRef"]?["apiVersion"] = "v1" }
                        return variable
                    })
            }
        }
        live["spec"]?["template"]?["spec"]?["tolerations"] = nil  // an empty list is left out
        return live
    }

    private static func edit(_ live: inout JSONValue, _ list: String, _ change: (inout JSONValue) -> Void) {
        let members = live["spec"]?["template"]?["spec"]?[list]?.arrayValue ?? []
        live["spec"]?["template"]?["spec"]?[list] = .array(
            members.map { member in
                var member = member
                change(&member)
                return member
            })
    }

    @Test func defaultsAreNoDrift() throws {
        let manifest = try Self.manifest()
        #expect(DaemonSetDrift(live: try Self.live(manifest), manifest: manifest).isNone)
        #expect(DaemonSetDrift(live: manifest.document, manifest: manifest).isNone)
    }

    /// What a real API server (1.36) makes of such quantities; taken for an edit it would be restored for ever.
    @Test(arguments: [
        (".05", "50m"), ("1000m", "1"), (".1n", "1m"), ("0.5m", "1m"), ("1e30", "1e30"), ("2E0", "2E0"),
        ("0.5Gi", "512Mi"), ("1.5e9", "1500e6"), ("20971520000m", "20971520"), ("01024Ki", "1Mi"), ("+20M", "+20M"),
    ])
    func anotherSpellingOfAQuantityIsNoDrift(wanted: String, canonical: String) throws {
        var configuration = try DaemonSetManifestTests.configuration()
        configuration.sleepResources.memoryRequest = wanted
        let manifest = try DaemonSetManifestTests.manifest(configuration)
        var live = try Self.live(manifest)
        Self.edit(&live, "containers") { container in
            guard container["name"] == "web" else { return }
            container["resources"]?["requests"]?["memory"] = .string(canonical)
        }
        #expect(DaemonSetDrift(live: live, manifest: manifest).changed == [])
    }

    @Test func statusAndForeignLabelsAreNobodysBusiness() throws {
        let manifest = try Self.manifest()
        var live = try Self.live(manifest)
        live["metadata"]?["labels"]?["argocd"] = "x"
        live["metadata"]?["annotations"]?["kubectl.kubernetes.io/restartedAt"] = "now"
        live["spec"]?["minReadySeconds"] = 3
        #expect(DaemonSetDrift(live: live, manifest: manifest).isNone)
    }

    @Test func everyEditIsSeenWithItsPlace() throws {
        let manifest = try Self.manifest()
        func drift(_ change: (inout JSONValue) -> Void) throws -> [String] {
            var live = try Self.live(manifest)
            change(&live)
            return DaemonSetDrift(live: live, manifest: manifest).changed
        }
        func web(_ change: @escaping (inout JSONValue) -> Void) throws -> [String] {
            try drift { live in
                Self.edit(&live, "containers") { if $0["name"] == "web" { change(&$0) } }
            }
        }
        let pod = "spec.template.spec"
        #expect(try web { $0["image"] = "nginx:9" } == ["\(pod).containers[web].image"])
        #expect(try web { $0["imagePullPolicy"] = "Always" } == ["\(pod).containers[web].imagePullPolicy"])
        #expect(try web { $0["command"] = ["sh"] } == ["\(pod).containers[web].command[0]"])
        #expect(try web { $0["command"] = nil } == ["\(pod).containers[web].command"])
        #expect(
            try web { $0["resources"]?["limits"]?["memory"] = "2Mi" }
                == ["\(pod).containers[web].resources.limits.memory"])
        #expect(
            try web { $0["securityContext"]?["runAsNonRoot"] = false }
                == ["\(pod).containers[web].securityContext.runAsNonRoot"])
        #expect(try drift { $0["spec"]?["updateStrategy"] = ["type": "RollingUpdate"] } == ["spec.updateStrategy.type"])
        #expect(
            try drift { $0["metadata"]?["annotations"]?["image-puller/revision"] = nil }
                == ["metadata.annotations.image-puller/revision"])
        #expect(
            try drift { $0["spec"]?["template"]?["spec"]?["nodeSelector"] = [:] }
                == ["\(pod).nodeSelector.kubernetes.io/os"])
        #expect(
            try drift { $0["spec"]?["template"]?["spec"]?["tolerations"] = [["operator": "Exists"]] }
                == ["\(pod).tolerations"])
        #expect(
            try drift { live in
                let members = live["spec"]?["template"]?["spec"]?["containers"]?.arrayValue ?? []
                live["spec"]?["template"]?["spec"]?["containers"] = .array(members.filter { $0["name"] != "web" })
            } == ["\(pod).containers[web]"])
        #expect(
            try drift { live in
                let members = live["spec"]?["template"]?["spec"]?["containers"]?.arrayValue ?? []
                live["spec"]?["template"]?["spec"]?["containers"] = .array(members.reversed())
            } == ["\(pod).containers (order)"])
    }

    @Test func strangersAreNamedAndTakenOut() throws {
        let manifest = try Self.manifest()
        var live = try Self.live(manifest)
        let before = live["spec"]?["template"]?["spec"]?["containers"]
        live["spec"]?["template"]?["spec"]?["hostNetwork"] = true
        live["spec"]?["template"]?["spec"]?["affinity"] = ["podAffinity": [:]]
        live["spec"]?["template"]?["spec"]?["containers"] = .array(
            [["name": "miner", "image": "x"]] + (before?.arrayValue ?? []))
        let drift = DaemonSetDrift(live: live, manifest: manifest)
        #expect(drift.changed.isEmpty)
        #expect(
            drift.foreign == [
                "spec.template.spec.affinity", "spec.template.spec.hostNetwork", "spec.template.spec.containers[miner]",
            ])
        // The patch leaves ours as they are, defaults included.
        #expect(
            drift.removal == [
                "spec": [
                    "template": ["spec": ["affinity": .null, "hostNetwork": .null, "containers": before ?? .null]]
                ]
            ])
        #expect(!drift.isNone)
    }

    /// Applying doesn't remove another's key of the selector, and with it the pods would go elsewhere.
    @Test func aForeignKeyOfTheNodeSelectorIsTakenOut() throws {
        let manifest = try Self.manifest()
        var live = try Self.live(manifest)
        live["spec"]?["template"]?["spec"]?["nodeSelector"]?["pool"] = "none"
        let drift = DaemonSetDrift(live: live, manifest: manifest)
        #expect(drift.foreign == ["spec.template.spec.nodeSelector.pool"])
        #expect(drift.removal == ["spec": ["template": ["spec": ["nodeSelector": ["pool": .null]]]]])
    }

    /// A real API server refuses to take a volume out while a container mounts it, and so everything would stay as it is.
    @Test func mountsGoWithTheirVolumes() throws {
        let manifest = try Self.manifest()
        let before = try Self.live(try Self.manifest())
        var configuration = try DaemonSetManifestTests.configuration()
        configuration.runtimeSocket = .path("/run/containerd/containerd.sock")
        let fewer = try DaemonSetManifestTests.manifest(configuration)
        let cases: [(JSONValue, DaemonSetManifest)] = [(before, fewer), (before, manifest)]
        for (index, (start, wanted)) in cases.enumerated() {
            var live = start
            if index == 1 {
                let volumes = live["spec"]?["template"]?["spec"]?["volumes"]?.arrayValue ?? []
                live["spec"]?["template"]?["spec"]?["volumes"] = .array(volumes + [["name": "h", "emptyDir": [:]]])
                Self.edit(&live, "containers") { container in
                    let mounts = container["volumeMounts"]?.arrayValue ?? []
                    container["volumeMounts"] = .array(mounts + [["name": "h", "mountPath": "/h"]])
                }
            }
            let drift = DaemonSetDrift(live: live, manifest: wanted)
            let patch = try #require(drift.removal?["spec"]?["template"]?["spec"])
            let volumes = Set((patch["volumes"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue })
            let mounts = (patch["containers"]?.arrayValue ?? []).flatMap { $0["volumeMounts"]?.arrayValue ?? [] }
            #expect(!volumes.isEmpty && !mounts.isEmpty)
            #expect(mounts.allSatisfy { volumes.contains($0["name"]?.stringValue ?? "") })
        }
    }

    /// Server-side apply leaves members and fields alone that another put there.
    @Test func whatOthersPutIntoOurContainersIsTakenOut() throws {
        let manifest = try Self.manifest()
        var live = try Self.live(manifest)
        let before = live["spec"]?["template"]?["spec"]
        live["spec"]?["template"]?["spec"]?["imagePullSecrets"] = [["name": "s"], ["name": "theirs"]]
        Self.edit(&live, "containers") { container in
            guard container["name"] == "web" else { return }
            container["args"] = ["x"]
            container["env"] = [["name": "X", "value": "y"]]
            container["securityContext"]?["capabilities"]?["add"] = ["SYS_ADMIN"]
        }
        let drift = DaemonSetDrift(live: live, manifest: manifest)
        let pod = "spec.template.spec"
        #expect(
            drift.foreign == [
                "\(pod).imagePullSecrets[theirs]", "\(pod).containers[web].args", "\(pod).containers[web].env[X]",
                "\(pod).containers[web].securityContext.capabilities.add",
            ])
        let patch = try #require(drift.removal?["spec"]?["template"]?["spec"])
        #expect(patch["imagePullSecrets"] == [["name": "s"]])
        let web = patch["containers"]?.arrayValue?.first { $0["name"] == "web" }
        #expect(web?["args"] == nil && web?["env"] == [])
        #expect(
            web?["securityContext"]
                == before?["containers"]?.arrayValue?.last { $0["name"] == "web" }?["securityContext"])
    }

    @Test func anotherSelectorMeansReplacement() throws {
        let manifest = try Self.manifest()
        let goPuller = try Facts.decode(DaemonSet.self, "daemonset.ready.json")
        #expect(DaemonSetDrift(live: goPuller.document, manifest: manifest).selectorDiffers)
        #expect(!DaemonSetDrift(live: try Self.live(manifest), manifest: manifest).selectorDiffers)
        var narrowed = try Self.live(manifest)
        narrowed["spec"]?["selector"]?["matchExpressions"] = [["key": "x", "operator": "Exists"]]
        #expect(DaemonSetDrift(live: narrowed, manifest: manifest).selectorDiffers)
    }
}
