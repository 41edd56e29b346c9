import Foundation
import RealRuntime
import Shared
import Testing

/// `deploy/olm`, as the Operator Lifecycle Manager wants it and as the chart has it.
@Suite struct BundleTests {
    private static let folder = "deploy/olm"
    private static let script = Repository.root + "/scripts/olm"

    private static func manifests(_ folder: String = folder) throws -> [String: JSONValue] {
        let path = folder.hasPrefix("/") ? folder : "\(Repository.root)/\(folder)"
        let files = try FileManager.default.contentsOfDirectory(atPath: path + "/manifests")
        return try files.reduce(into: [:]) { found, file in
            let documents = try YAMLDocuments.read(try TextFile.read("\(path)/manifests/\(file)"))
            #expect(documents.count == 1, "\(file)")
            found[file] = documents.first
        }
    }

    private static func version(_ folder: String = folder) throws -> JSONValue {
        try Array(manifests(folder).values).first("ClusterServiceVersion")
    }

    private static func chart() async throws -> [JSONValue] {
        try await HelmCase("", set: ["operator.enabled=true", "operator.namespaces={*}", "openshift=true"]).render()
    }

    @Test func itIsWhatTheChartMakes() async throws {
        try await Tool.run(Self.script, arguments: ["--check"])
    }

    /// What operators of the registry's format may bring, and in which files.
    @Test func theLayoutIsOLMs() throws {
        let manifests = try Self.manifests()
        #expect(manifests.values.filter { $0.kind == "ClusterServiceVersion" }.count == 1)
        let kinds = Set(manifests.values.map(\.kind))
        #expect(kinds == ["ClusterServiceVersion", "CustomResourceDefinition", "Service", "ClusterRole"])
        let check = try SchemaCheck()
        for (file, object) in manifests where object.kind != "ClusterServiceVersion" {
            #expect(check.faults(object) == [], "\(file)")
            // OLM puts them into the namespace of the subscription.
            #expect(object.namespace.isEmpty, "\(file)")
        }
        let annotations = try #require(
            try Repository.documents("\(Self.folder)/metadata/annotations.yaml").first?["annotations"]?.objectValue)
        func value(_ name: String) -> String? {
            annotations["operators.operatorframework.io.bundle.\(name).v1"]?.stringValue
        }
        #expect(value("mediatype") == "registry+v1")
        #expect(value("manifests") == "manifests/" && value("metadata") == "metadata/")
        #expect(value("package") == "image-puller")
        let channels = (value("channels") ?? "").split(separator: ",").map(String.init)
        #expect(channels.contains(value("channel.default") ?? "none"))
        // The image's labels say the same.
        let labels = try TextFile.read("\(Repository.root)/\(Self.folder)/bundle.Dockerfile").split(separator: "\n")
            .filter { $0.hasPrefix("LABEL ") }.map { $0.dropFirst(6) }
        #expect(Set(labels.map(String.init)) == Set(annotations.map { "\($0.key)=\($0.value.stringValue ?? "")" }))
    }

    @Test func theVersionIsTheChartsAndSaysWhatItBrings() async throws {
        let csv = try Self.version()
        let chart = try #require(try Repository.documents("deploy/helm/Chart.yaml").first)
        let version = try #require(chart["appVersion"]?.stringValue)
        #expect(csv.name == "image-puller.v\(version)")
        #expect(csv.at("spec", "version")?.stringValue == version)
        let definition = try Array(Self.manifests().values).first("CustomResourceDefinition")
        let owned = csv.at("spec", "customresourcedefinitions", "owned")?.arrayValue ?? []
        #expect(owned.map { $0["name"]?.stringValue } == [definition.name])
        #expect(owned.first?["kind"] == definition.at("spec", "names", "kind"))
        #expect(owned.first?["version"] == definition.at("spec", "versions")?.arrayValue?.first?["name"])
        let modes = (csv.at("spec", "installModes")?.arrayValue ?? []).compactMap { $0["type"]?.stringValue }
        #expect(modes.sorted() == ["AllNamespaces", "MultiNamespace", "OwnNamespace", "SingleNamespace"])
        // The example is one that the definition takes.
        let examples = try JSONDecoder().decode(
            [JSONValue].self, from: Data((csv.at("metadata", "annotations", "alm-examples")?.stringValue ?? "").utf8))
        #expect(examples.count == 1)
        for example in examples { #expect(StructuralSchema(of: definition).judge(example) == .init()) }
    }

    /// OLM makes roles of them: cluster-wide, and in the namespace that it installs into.
    @Test func permissionsAreTheCharts() async throws {
        let spec = try #require(try Self.version().at("spec", "install", "spec"))
        func granted(_ list: String, _ scope: String) -> [String: Set<String>] {
            (spec[list]?.arrayValue ?? []).reduce(into: [:]) { found, permission in
                let account = permission["serviceAccountName"]?.stringValue ?? ""
                found[account, default: []].formUnion(Grants.permissions(permission).map { "\(scope) \($0)" })
            }
        }
        let account = "k8s-image-puller"
        let cluster = granted("clusterPermissions", "cluster")
        let own = granted("permissions", "namespace/k8s-image-puller")
        let chart = Grants(objects: try await Self.chart())
        #expect((cluster[account] ?? []).union(own[account] ?? []) == chart.of(account))
        // In place of constraints of their own, which no bundle can bring.
        let agents = "kubernetes-image-puller-agent"
        #expect(cluster[agents] == ["cluster security.openshift.io/securitycontextconstraints privileged use"])
        #expect(own[agents] == nil)
        #expect(Set(cluster.keys).union(own.keys) == [account, agents])
        let roles = try Self.manifests().values.filter { $0.kind == "ClusterRole" }
        let truth = try Repository.documents("deploy/kustomize/rbac.yaml")
        for role in roles {
            #expect(Grants.permissions(role) == Grants.permissions(try truth.first("ClusterRole", role.name)))
        }
        #expect(roles.count == 2)
    }

    @Test func theDeploymentIsTheCharts() async throws {
        let csv = try Self.version()
        let deployment = try #require(
            csv.at("spec", "install", "spec", "deployments")?.arrayValue?.first)
        let chart = try await Self.chart().first("Deployment")
        #expect(deployment["name"]?.stringValue == chart.name)
        #expect(deployment["spec"] == chart["spec"])
        let pod = try #require(deployment.at("spec", "template", "spec"))
        #expect(PodStandard.faults(pod) == [])
        let images = (csv.at("spec", "relatedImages")?.arrayValue ?? []).compactMap { $0["image"]?.stringValue }
        let container = try #require(pod["containers"]?.arrayValue?.first)
        let arguments = (container["args"]?.arrayValue ?? []).compactMap(\.stringValue)
        #expect(images.first == container["image"]?.stringValue)
        #expect(arguments.contains("--agent-image=\(images.last ?? "")"))
        // One Service, by which agents reach it.
        let service = try Array(Self.manifests().values).first("Service")
        #expect(service["spec"] == (try await Self.chart().first("Service"))["spec"])
        #expect(arguments.contains("--service=\(service.name)"))
    }

    @Test func aReleasesBundleKnowsItsImages() async throws {
        try await RealMachine.with { machine in
            let folder = machine.directory + "/bundle"
            try await Tool.run(
                "env", "REGISTRY=registry.example.com/release", "SOURCE=https://git.example.com/image-puller",
                Self.script,
                folder)
            let csv = try Self.version(folder)
            #expect(
                csv.at("metadata", "annotations", "containerImage") == "registry.example.com/release/coordinator:0.1.0")
            #expect(csv.at("metadata", "annotations", "repository") == "https://git.example.com/image-puller")
            #expect(FileManager.default.fileExists(atPath: folder + "/metadata/annotations.yaml"))
        }
    }
}
