import Foundation
import RealRuntime
import Shared
import Testing

/// What helm makes of the chart, without a cluster.
@Suite struct HelmChartTests {
    @Test func lintFindsNothing() async throws {
        let output = try await Repository.helm(["lint", "--strict", Repository.chart])
        #expect(output.contains("0 chart(s) failed"))
    }

    @Test(arguments: HelmCase.matrix)
    func everyObjectIsValid(_ values: HelmCase) async throws {
        let objects = try await values.render()
        let check = try SchemaCheck()
        #expect(objects.flatMap(check.faults) == [])
        #expect(objects.count >= 12)
        let names = objects.map { "\($0.kind) \($0.namespace)/\($0.name)" }
        #expect(names.count == Set(names).count, "an object stands there twice")
    }

    /// The coordinator reads the ConfigMap without a complaint.
    @Test(arguments: HelmCase.matrix)
    func theConfigMapIsGood(_ values: HelmCase) async throws {
        let map = try await values.render().first("ConfigMap")
        try await RealMachine.with { machine in
            var own = map
            own["data"]?["NAMESPACE"] = map.at("metadata", "namespace")
            let file = machine.directory + "/map.json"
            try TextFile.write(file, String(decoding: try JSONEncoder().encode(own), as: UTF8.self))
            let output = try await Tool.run(
                try RealMachine.product("coordinator"), "config", "check", file, "--output", "json")
            #expect(!output.contains("\"warning\""), "\(output)")
        }
    }

    @Test(arguments: HelmCase.matrix)
    func ourPodsAreRestricted(_ values: HelmCase) async throws {
        let objects = try await values.render()
        let deployment = try objects.first("Deployment")
        let spec = try #require(deployment.at("spec", "template", "spec"))
        #expect(PodStandard.faults(spec) == [])
        #expect(PodStandard.faults(try #require(try objects.first("Pod")["spec"])) == [])
        #expect(deployment.at("spec", "strategy") == ["type": "Recreate"])
        #expect(deployment.at("spec", "replicas") == 1)
        // With it the coordinator's pods would be taken for the agents'.
        #expect(deployment.at("spec", "template", "metadata", "labels", "app.kubernetes.io/instance") == nil)
        #expect(deployment.at("spec", "selector", "matchLabels") == ["app": .string(deployment.name)])
    }

    @Test func openShiftAssignsUserIds() async throws {
        let objects = try await HelmCase("", set: ["openshift=true"]).render()
        for spec in [try objects.first("Deployment").at("spec", "template", "spec"), try objects.first("Pod")["spec"]] {
            let text = String(decoding: try JSONEncoder().encode(try #require(spec)), as: UTF8.self)
            for field in ["runAsUser", "runAsGroup", "fsGroup"] { #expect(!text.contains(field), "\(field)") }
        }
        let arguments = try Self.arguments(objects)
        #expect(arguments.contains("--openshift"))
        let plain = try await HelmCase("").render()
        #expect(!plain.contains { $0.kind == "SecurityContextConstraints" })
        #expect(try !Self.arguments(plain).contains("--openshift"))
    }

    /// The same ConfigMap as the Go puller's chart makes of them, but for the image.
    @Test(arguments: [
        HelmCase("as shipped", files: [HelmCase.goValues]),
        HelmCase(
            "changed", set: ["deploymentName=p", "configMap.images=a=b;", "configMap.cachingIntervalHours=5"],
            files: [HelmCase.goValues]),
    ])
    func theGoPullersValuesMeanTheSame(_ values: HelmCase) async throws {
        var theirs = try await values.render(chart: Repository.goPuller + "/chart").first("ConfigMap")
        var ours = try await values.render().first("ConfigMap")
        #expect(ours.at("data", "KIP_IMAGE") == "registry.example.com/image-puller/agent:0.1.0")
        theirs["data"]?["KIP_IMAGE"] = nil
        ours["data"]?["KIP_IMAGE"] = nil
        #expect(ours["data"] == theirs["data"])
    }

    /// A value of August 2025, which was the pod's: the API server refuses a container's fields there.
    @Test func aPodsSecurityContextIsTaken() async throws {
        let values = ["fsGroup=7", "runAsUser=1234", "privileged=false", "readOnlyRootFilesystem=true"]
        let spec = try await HelmCase("", set: values.map { "securityContext." + $0 }).render().first("Deployment")
            .at("spec", "template", "spec", "securityContext")
        #expect(spec?["fsGroup"] == 7 && spec?["runAsUser"] == 1234 && spec?["runAsNonRoot"] == true)
        #expect(spec?["privileged"] == nil && spec?["readOnlyRootFilesystem"] == nil)
        #expect(spec?.at("seccompProfile", "type") == "RuntimeDefault")
    }

    /// The Go puller's documentation writes the quotes of tolerations with a backslash each.
    @Test func escapedJSONIsTaken() async throws {
        try await RealMachine.with { machine in
            let file = machine.directory + "/values.yaml"
            try TextFile.write(
                file,
                #"""
                configMap:
                  tolerations: '[{\"key\":\"foo\",\"operator\":\"Equal\",\"value\":\"bar\"}]'
                  daemonsetAnnotations: '{"note":"{\"a\":1}"}'
                """#)
            let data = try await HelmCase("", files: [file]).render().first("ConfigMap")["data"]
            #expect(data?["TOLERATIONS"] == #"[{"key":"foo","operator":"Equal","value":"bar"}]"#)
            #expect(data?["DAEMONSET_ANNOTATIONS"] == #"{"note":"{\"a\":1}"}"#)
        }
    }

    @Test(arguments: [
        ("configMap.imagez=a", ["/configMap", "imagez", "not allowed"]),
        ("deploymentNam=a", ["deploymentNam", "not allowed"]),
        ("appNam=a", ["appNam", "not allowed"]),
        ("serviceAccount.credentialToken=a", ["/serviceAccount", "credentialToken", "not allowed"]),
        ("securityContext=root", ["/securityContext"]),
        ("operator.namespaces={Che}", ["/operator/namespaces/0", "does not match pattern"]),
        ("operator.installCrd=true", ["/operator", "installCrd", "not allowed"]),
        ("operator=null", ["missing property 'operator'"]),
        ("persistence.enable=true", ["/persistence", "enable", "not allowed"]),
        ("deploymentName=Not_a_name", ["/deploymentName", "Not_a_name", "does not match pattern"]),
        ("persistence.size=2GB", ["/persistence/size", "2GB", "does not match pattern"]),
        ("coordinatorImage.repository=", ["coordinatorImage.repository is empty", "make images", "--set agentImage"]),
        ("agentImage.repository=", ["agentImage.repository is empty", "make images", "--set coordinatorImage"]),
        ("coordinatorImage.repository=quay.io/x:1.0", ["/coordinatorImage/repository", "does not match pattern"]),
        ("configMap.pullMaxParallel=0", ["/configMap/pullMaxParallel"]),
        ("updateStrategy.type=Sometimes", ["/updateStrategy/type", "Recreate"]),
        ("logLevel=loud", ["/logLevel", "debug"]),
        ("podLabels.app=mine", ["podLabels can't set app"]),
        ("configMap.namespace=elsewhere", ["configMap.namespace is elsewhere", "add it to extraNamespaces"]),
        // A Service's name begins with a letter.
        ("deploymentName=1st", ["/deploymentName", "1st", "does not match pattern"]),
        ("externalURL=images.example.com", ["/externalURL", "does not match pattern"]),
        ("prometheusRule.runbookUrl=https://x", ["/prometheusRule", "runbookUrl", "not allowed"]),
        ("configMap.nodeSelector=disk: ssd", ["configMap.nodeSelector isn't a JSON object", "disk: ssd"]),
        ("configMap.affinity=[]", ["configMap.affinity isn't a JSON object"]),
        ("configMap.tolerations=key: gpu", ["configMap.tolerations isn't a JSON list"]),
        ("rbac.readers[0].kind=ServiceAccount,rbac.readers[0].name=p", ["/rbac/readers/0", "namespace"]),
        ("configMap.alertWebhookUrl=alertmanager:9093", ["/configMap/alertWebhookUrl", "does not match pattern"]),
        // A key without a value in a values file takes the default away.
        ("rbac=null", ["missing property 'rbac'"]),
        ("deploymentName=null", ["missing property 'deploymentName'"]),
        ("coordinatorImage.repository=null", ["/coordinatorImage", "missing property 'repository'"]),
        ("agentImage.tag=a b", ["/agentImage/tag", "does not match pattern"]),
        ("configMap.daemonsetAnnotations=oops", ["configMap.daemonsetAnnotations isn't a JSON object"]),
    ])
    func mistakesAreRefused(_ mistake: String, _ words: [String]) async throws {
        let error = await #expect(throws: RealRuntimeError.self) {
            try await HelmCase("", set: [mistake]).render()
        }
        for word in words { #expect(error?.description.contains(word) == true, "\(word): \(error?.description ?? "")") }
    }

    @Test(arguments: [
        (
            HelmCase("", set: []),
            ["exec deploy/kubernetes-image-puller", "coverage --wait", "history ends with", "Nothing is listed yet"]
        ),
        (HelmCase("", set: ["configMap.images=a=b"]), ["Another list takes effect at once"]),
        (HelmCase("", set: ["persistence.enabled=true"]), ["pod-security.kubernetes.io/enforce=privileged"]),
        (HelmCase("", set: ["configMap.runtimeSocket=none"]), ["\"restricted\""]),
        (
            HelmCase("", files: [HelmCase.goValues]),
            ["WARNING: image.repository", "quay.io/eclipse/kubernetes-image-puller:next", "coordinatorImage"]
        ),
        (HelmCase("", set: ["operator.enabled=true"]), ["kubectl get kubernetesimagepullers"]),
        (HelmCase("", set: ["operator.namespaces={a}"]), ["WARNING: operator.namespaces has no effect"]),
        (HelmCase("", set: ["configMap.kipImage=x:1"]), ["WARNING: configMap.kipImage (x:1)"]),
        (HelmCase("", set: ["appName=puller"]), ["NOTE: appName (puller) is ignored", "--set deploymentName=puller"]),
        (
            HelmCase("", set: ["serviceAccount.credentialsToken=t"]),
            ["NOTE: serviceAccount.credentialsToken (t) is ignored"]
        ),
        (
            HelmCase("", set: ["securityContext.fsGroup=7", "securityContext.privileged=false"]),
            ["NOTE: securityContext is added", "A pod has no privileged: ignored"]
        ),
        (HelmCase("", set: ["updateStrategy.type=RollingUpdate"]), ["RollingUpdate is ignored"]),
        (HelmCase("", set: ["prometheusRule.enabled=true"]), ["prometheusRule.runbookURL is still a placeholder"]),
        (
            HelmCase("", set: ["serviceMonitor.enabled=true", "networkPolicy.enabled=true"]),
            ["WARNING: rbac.readers is empty", "WARNING: networkPolicy.from is empty"]
        ),
    ])
    func theNotesSayWhatToDo(_ values: HelmCase, _ words: [String]) async throws {
        let notes = try await Repository.helm(
            ["install", "puller", Repository.chart, "--namespace", "k8s-image-puller", "--dry-run=client"]
                + values.arguments)
        for word in words { #expect(notes.contains(word), "\(word) in \(notes)") }
        let isKept = values.arguments.contains("persistence.enabled=true")
        #expect(notes.contains("history ends with") == !isKept)
    }

    /// Of numbers that a values file has for tags, a date is printed as it stands, and 1.10 isn't taken for 1.1.
    @Test func tagsThatAreNumbers() async throws {
        try await RealMachine.with { machine in
            let file = machine.directory + "/values.yaml"
            try TextFile.write(file, "coordinatorImage: {tag: 20260131}\nagentImage: {tag: \"1.10\"}\n")
            let objects = try await HelmCase("", files: [file]).render()
            let container = try objects.first("Deployment").at("spec", "template", "spec", "containers")?.arrayValue?
                .first
            #expect(container?["image"] == "registry.example.com/image-puller/coordinator:20260131")
            #expect(
                try objects.first("ConfigMap").at("data", "KIP_IMAGE")
                    == "registry.example.com/image-puller/agent:1.10")
            try TextFile.write(file, "agentImage: {tag: 1.10}\n")
            let error = await #expect(throws: RealRuntimeError.self) {
                try await HelmCase("", files: [file]).render()
            }
            #expect(error?.description.contains("/agentImage/tag") == true)
        }
    }

    /// Where alerts lead to: the rules', and those that the coordinator sends itself.
    @Test func linksOfAlerts() async throws {
        func runbooks(_ objects: [JSONValue]) throws -> Set<String> {
            let groups = try objects.first("PrometheusRule").at("spec", "groups")?.arrayValue ?? []
            return Set(
                groups.flatMap { $0["rules"]?.arrayValue ?? [] }.compactMap {
                    $0.at("annotations", "runbook_url")?.stringValue.map { String($0.prefix { $0 != "#" }) }
                })
        }
        let plain = try await HelmCase("", set: ["prometheusRule.enabled=true"]).render()
        #expect(try runbooks(plain) == ["https://docs.example.com/image-puller/runbook.md"])
        #expect(try !Self.arguments(plain).contains { $0.contains("-url=") }, "a placeholder is no place")
        let told = try await HelmCase(
            "",
            set: [
                "prometheusRule.enabled=true", "prometheusRule.watchdog=true",
                "prometheusRule.runbookURL=https://wiki.example.com/puller",
                "externalURL=https://images.example.com",
            ]
        ).render()
        #expect(try runbooks(told) == ["https://wiki.example.com/puller"])
        func groups(_ objects: [JSONValue]) throws -> [String] {
            (try objects.first("PrometheusRule").at("spec", "groups")?.arrayValue ?? []).compactMap {
                $0["name"]?.stringValue
            }
        }
        #expect(try groups(plain) == ["image-puller"])
        #expect(try groups(told) == ["image-puller", "image-puller-watchdog"])
        let arguments = try Self.arguments(told)
        #expect(arguments.contains("--external-url=https://images.example.com"))
        #expect(arguments.contains("--runbook-url=https://wiki.example.com/puller"))
    }

    /// Prometheus may show a token out of a Secret.
    @Test func theServiceMonitorsToken() async throws {
        func endpoint(_ more: [String]) async throws -> JSONValue? {
            try await HelmCase("", set: ["serviceMonitor.enabled=true"] + more).render().first("ServiceMonitor")
                .at("spec", "endpoints")?.arrayValue?.first
        }
        let file = try await endpoint([])
        #expect(file?["bearerTokenFile"]?.stringValue?.hasSuffix("/token") == true && file?["authorization"] == nil)
        #expect(try await endpoint(["serviceMonitor.tokenSecret=null"]) == file, "never without a token")
        let secret = try await endpoint(["serviceMonitor.tokenSecret.name=prometheus-token"])
        #expect(secret?["bearerTokenFile"] == nil)
        #expect(secret?.at("authorization", "credentials") == ["name": "prometheus-token", "key": "token"])
    }

    /// Nothing of anybody's is cached before somebody lists it, and then `helm test` doesn't wait for it.
    @Test func theDefaultListIsEmpty() async throws {
        func minimum(_ objects: [JSONValue]) throws -> String? {
            let container = try objects.first("Pod").at("spec", "containers")?.arrayValue?.first
            return container?["args"]?.arrayValue?.compactMap(\.stringValue).first { $0.hasPrefix("--min=") }
        }
        let empty = try await HelmCase("").render()
        #expect(try empty.first("ConfigMap").at("data", "IMAGES") == "")
        #expect(try minimum(empty) == "--min=0")
        let listed = try await HelmCase("", set: ["configMap.images=a=b"]).render()
        #expect(try minimum(listed) == "--min=100")
    }

    /// Some archives, such as those that Flux makes of a repository, leave links out.
    @Test func anArchiveWithoutLinksIsWhole() async throws {
        try await RealMachine.with { machine in
            let chart = machine.directory + "/chart"
            try FileManager.default.createDirectory(atPath: chart, withIntermediateDirectories: true)
            try await Tool.run(
                "sh", "-c",
                "cd '\(Repository.chart)' && find . -type f -print0 | tar --create --null --files-from=- "
                    + "| tar --extract --directory='\(chart)'")
            let values = HelmCase(
                "",
                set: [
                    "prometheusRule.enabled=true", "prometheusRule.watchdog=true", "grafanaDashboard.enabled=true",
                    "operator.enabled=true",
                ])
            let objects = try await values.render(chart: chart)
            let groups = try objects.first("PrometheusRule").at("spec", "groups")?.arrayValue ?? []
            #expect(groups.count == 2)
            #expect(groups.allSatisfy { $0["rules"]?.arrayValue?.isEmpty == false })
            let dashboard = try objects.first("ConfigMap", "kubernetes-image-puller-dashboard")
                .at("data", "image-puller.json")?.stringValue
            #expect(dashboard?.contains("\"panels\"") == true)
            // What is empty all the same is no silent gap.
            for file in ["rules.yaml", "watchdog.yaml", "image-puller.json", "crd.yaml"] {
                let path = chart + "/files/" + file
                let text = try TextFile.read(path)
                try TextFile.write(path, "\n")
                let error = await #expect(throws: RealRuntimeError.self) { try await values.render(chart: chart) }
                #expect(error?.description.contains("files/\(file) of the chart is missing or empty") == true)
                try TextFile.write(path, text)
            }
        }
    }

    /// A release's chart knows where its images and its sources are.
    @Test func aReleasesChartIsComplete() async throws {
        let script = Repository.root + "/scripts/chart"
        let output = try await Tool.run(
            "env", "REGISTRY=registry.example.com/release", "SOURCE=https://git.example.com/image-puller", script)
        let package = Repository.root + "/" + output.trimmingCharacters(in: .whitespacesAndNewlines)
        let objects = try YAMLDocuments.read(
            try await Repository.helm(["template", "puller", package, "--namespace", "k8s-image-puller"]))
        let container = try objects.first("Deployment").at("spec", "template", "spec", "containers")?.arrayValue?.first
        #expect(container?["image"] == "registry.example.com/release/coordinator:0.1.0")
        #expect(
            try objects.first("ConfigMap").at("data", "KIP_IMAGE") == "registry.example.com/release/agent:0.1.0")
        let chart = try #require(try YAMLDocuments.read(try await Repository.helm(["show", "chart", package])).first)
        #expect(chart["sources"] == ["https://git.example.com/image-puller"])
        #expect(chart["icon"]?.stringValue?.hasPrefix("data:image/svg+xml;base64,") == true)
        #expect(try await Repository.helm(["show", "readme", package]).contains("# Image Puller's Helm chart"))
        await #expect(throws: RealRuntimeError.self, "another version than the program's") {
            try await Tool.run("env", "VERSION=9.9.9", script)
        }
    }

    @Test func whatStaysOutIsNotRendered() async throws {
        let kinds = Set(try await HelmCase("").render().map(\.kind))
        for kind in [
            "ServiceMonitor", "PrometheusRule", "NetworkPolicy", "PodDisruptionBudget", "PersistentVolumeClaim",
        ] {
            #expect(!kinds.contains(kind))
        }
        let all = Set(try await HelmCase("", set: HelmCase.everything).render().map(\.kind))
        for kind in [
            "ServiceMonitor", "PrometheusRule", "NetworkPolicy", "PodDisruptionBudget", "PersistentVolumeClaim",
        ] {
            #expect(all.contains(kind))
        }
    }

    static func arguments(_ objects: [JSONValue]) throws -> [String] {
        let containers = try objects.first("Deployment").at("spec", "template", "spec", "containers")?.arrayValue ?? []
        return (containers.first?["args"]?.arrayValue ?? []).compactMap(\.stringValue)
    }

    /// Helm reads numbers as floating-point ones, and prints large ones as 1.2096e+06 unless it's told otherwise: then the
    /// coordinator would reject the whole edit.
    @Test func numbersAreWrittenAsNumbersAtTheirBounds() async throws {
        let bounds = try Self.numericValues()
        #expect(bounds.count >= 10)
        for isMost in [false, true] {
            let values = bounds.map { "configMap.\($0.key)=\(isMost ? $0.most : $0.least)" }
            for values in [HelmCase("by --set", set: values), HelmCase("by --set-json", json: values)] {
                let data = try await values.render().first("ConfigMap")["data"]
                for value in bounds {
                    let text = data?[Self.key(of: value.key)]?.stringValue
                    #expect(text == "\(isMost ? value.most : value.least)", "\(value.key), \(values.name)")
                }
            }
        }
    }

    /// `pullMaxParallel` is PULL_MAX_PARALLEL.
    private static func key(of value: String) -> String {
        value.reduce(into: "") { key, letter in
            if letter.isUppercase { key += "_" }
            key += letter.uppercased()
        }
    }

    /// The values of the ConfigMap that are whole numbers, by the chart's own schema.
    private static func numericValues() throws -> [(key: String, least: Int64, most: Int64)] {
        let data = try Data(contentsOf: URL(fileURLWithPath: Repository.chart + "/values.schema.json"))
        let schema = try JSONDecoder().decode(JSONValue.self, from: data)
        let values = schema.at("properties", "configMap", "properties")?.objectValue ?? [:]
        return values.sorted { $0.key < $1.key }.compactMap {
            name, value -> (key: String, least: Int64, most: Int64)? in
            for kind in value["anyOf"]?.arrayValue ?? [value] where kind["type"] == "integer" {
                guard case .integer(let least)? = kind["minimum"], case .integer(let most)? = kind["maximum"] else {
                    continue
                }
                return (name, least, most)
            }
            return nil
        }
    }
}
