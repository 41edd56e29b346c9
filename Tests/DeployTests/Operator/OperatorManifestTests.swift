import Foundation
import RealRuntime
import Shared
import Testing

/// What the chart, kustomize and the OpenShift template make for KubernetesImagePuller objects.
@Suite struct OperatorManifestTests {
    private static let account = "k8s-image-puller"
    private static let name = "kubernetesimagepullers.che.eclipse.org"

    private static func chart(_ values: String...) async throws -> [JSONValue] {
        try await HelmCase("", set: ["operator.enabled=true"] + values).render()
    }

    /// Without the comments' words, which YAML folds elsewhere.
    private static func spec(_ objects: [JSONValue]) throws -> JSONValue? {
        try objects.first("CustomResourceDefinition", name)["spec"]
    }

    private static func truth() throws -> [JSONValue] {
        try Repository.documents("deploy/kustomize/operator/rbac.yaml")
    }

    private static func more(_ objects: [JSONValue]) async throws -> Set<String> {
        let without = Grants(objects: try await HelmCase("").render()).of(account)
        return Grants(objects: objects).of(account).subtracting(without)
    }

    // MARK: The definition

    @Test func theChartInstallsTheDefinitionAndKeepsIt() async throws {
        let objects = try await Self.chart()
        #expect(try Self.spec(objects) == Self.spec(Repository.documents("deploy/kustomize/operator/crd.yaml")))
        let metadata = try objects.first("CustomResourceDefinition")["metadata"]
        // Who deletes it deletes all objects.
        #expect(metadata?["annotations"] == ["helm.sh/resource-policy": "keep"])
        for objects in [try await HelmCase("").render(), try await Self.chart("operator.installCRD=false")] {
            #expect(!objects.contains { $0.kind == "CustomResourceDefinition" })
        }
    }

    // MARK: Permissions

    @Test func allGrantTheSame() async throws {
        let truth = try Grants(objects: Self.truth()).of(Self.account)
        #expect(truth.contains("cluster apiextensions.k8s.io/customresourcedefinitions \(Self.name) get"))
        let own = "namespace/k8s-image-puller "
        #expect(truth.contains(own + "che.eclipse.org/kubernetesimagepullers/status * patch"))
        // Nobody but people changes an object, and nobody deletes one.
        #expect(
            !truth.contains {
                $0.contains("kubernetesimagepullers * ")
                    && !Set(["list", "watch"]).contains($0.split(separator: " ").last ?? "")
            })
        #expect(!truth.contains { $0.contains("secrets") || $0.contains("pods") })
        let without = Grants(objects: try await HelmCase("").render()).of(Self.account)
        #expect(try await Self.more(Self.chart()) == truth.subtracting(without))
        #expect(try Grants(objects: OpenShiftTemplate.read("operator").process()).of(Self.account) == truth)
    }

    /// Where an object is there its DaemonSet is, by what other namespaces grant.
    @Test func anotherNamespaceGrantsTheSameAndWhatAgentsNeed() async throws {
        let objects = try await Self.chart("operator.namespaces={eclipse-che}")
        let grants = Grants(objects: objects).of(Self.account)
        let truth = try Grants(objects: Self.truth()).of(Self.account)
        for permission in truth {
            #expect(
                grants.contains(permission.replacing("namespace/k8s-image-puller ", with: "namespace/eclipse-che ")))
        }
        let extra = Grants(objects: try await HelmCase("", set: ["extraNamespaces={eclipse-che}"]).render()).of(
            Self.account)
        #expect(grants.isSuperset(of: extra))
        #expect(grants.subtracting(extra).subtracting(truth).allSatisfy { $0.hasPrefix("namespace/eclipse-che ") })
        let arguments = try HelmChartTests.arguments(objects)
        #expect(arguments.contains("--extra-namespace=eclipse-che") && arguments.contains("--operator"))
        #expect(arguments.contains("--operator-namespaces=eclipse-che"))
        #expect(objects.filter { $0.kind == "ServiceAccount" && $0.namespace == "eclipse-che" }.count == 1)
        // The release's own, named once more, is no other.
        let own = try await Self.chart("operator.namespaces={k8s-image-puller}")
        #expect(Grants(objects: own).of(Self.account) == Grants(objects: try await Self.chart()).of(Self.account))
        #expect(try !HelmChartTests.arguments(own).contains { $0.hasPrefix("--extra-namespace") })
    }

    @Test func allNamespacesGrantTheObjectsAlone() async throws {
        let objects = try await Self.chart("operator.namespaces={*}")
        let truth = try Grants(objects: Self.truth()).of(Self.account)
        let everywhere = Set(truth.map { $0.replacing("namespace/k8s-image-puller ", with: "cluster ") })
        #expect(try await Self.more(objects) == everywhere)
        #expect(try HelmChartTests.arguments(objects).contains("--operator-namespaces=*"))
        // Beside it, where DaemonSets may be.
        let both = Grants(objects: try await Self.chart("operator.namespaces={*,eclipse-che}")).of(Self.account)
        #expect(both.isSuperset(of: everywhere))
        #expect(both.contains("namespace/eclipse-che apps/daemonsets * create"))
    }

    /// docs/security.md says all of it.
    @Test func theDocumentSaysTheSame() throws {
        let text = try TextFile.read(Repository.root + "/docs/security.md")
        let section =
            text.split(separator: "### KubernetesImagePuller objects").last?.split(separator: "\n##").first ?? ""
        var told: Set<String> = []
        for row in section.split(separator: "\n") where row.hasPrefix("| ") {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 3, !["object", "---"].contains(cells[0]) else { continue }
            let words = cells[0].split(separator: " ").map { $0.replacing("`", with: "") }
            let resource = words[0].contains("/") ? words[0] : "/" + words[0]
            for verb in cells[1].split(separator: ", ") {
                told.insert("\(resource) \(words.dropFirst().first ?? "*") \(verb)")
            }
        }
        #expect(
            try told
                == Self.truth().filter { $0.kind == "ClusterRole" }.reduce(into: []) {
                    $0.formUnion(Grants.permissions($1))
                })
    }

    // MARK: The Deployment

    @Test func nothingChangesWithoutIt() async throws {
        let objects = try await HelmCase("", set: ["operator.namespaces={eclipse-che}"]).render()
        let plain = try await HelmCase("").render()
        #expect(objects == plain)
        #expect(try !HelmChartTests.arguments(plain).contains { $0.hasPrefix("--operator") })
    }

    @Test func theComponentFillsIn() async throws {
        let objects = try YAMLDocuments.read(
            try await KustomizeTests.overlay(
                "operator/kustomization.yaml", "../image-puller/deploy/kustomize", is: "../base"))
        let check = try SchemaCheck()
        #expect(objects.flatMap(check.faults) == [])
        #expect(try HelmChartTests.arguments(objects).last == "--operator")
        #expect(try Self.spec(objects) == Self.spec(Repository.documents("deploy/kustomize/operator/crd.yaml")))
        #expect(
            try Grants(objects: objects).of(Self.account).isSuperset(
                of: Grants(objects: Self.truth()).of(Self.account)))
    }

    @Test func theTemplatesParameter() throws {
        func arguments(_ namespaces: String) throws -> [String] {
            var given = OpenShiftTemplate.images
            given["OPERATOR_NAMESPACES"] = namespaces
            return try HelmChartTests.arguments(try OpenShiftTemplate.read("app").process(given))
        }
        #expect(try arguments("eclipse-che,shop").suffix(2) == ["--operator-namespaces", "eclipse-che,shop"])
        #expect(
            try HelmChartTests.arguments(OpenShiftTemplate.read("app").process(OpenShiftTemplate.images))
                == arguments(""))
    }
}
