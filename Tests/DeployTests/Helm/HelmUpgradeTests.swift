import Foundation
import RealRuntime
import Shared
import Testing

/// helm and kubectl against the simulator's API.
@Suite(.serialized) struct HelmUpgradeTests {
    /// A simulated cluster without nodes, for one test.
    static func withCluster(_ body: (_ machine: RealMachine, _ kubeconfig: String) async throws -> Void) async throws {
        try await RealMachine.with { machine in
            let kubeconfig = machine.directory + "/kubeconfig"
            let simulator = try machine.daemon(
                try RealMachine.product("cluster-simulator"),
                ["serve", "--nodes", "0", "--directory", machine.directory + "/cluster", "--kubeconfig", kubeconfig],
                environment: ProcessInfo.processInfo.environment)
            for _ in 0..<600 where !simulator.output().contains("ready ") {
                if let status = simulator.exitStatus() {
                    throw RealRuntimeError("the simulator ended with \(status): \(simulator.output())")
                }
                try await Task.sleep(for: .milliseconds(100))
            }
            try await body(machine, kubeconfig)
        }
    }

    private static func objects(_ kind: String, _ kubeconfig: String) async throws -> [JSONValue] {
        let text = try await Repository.kubectl([
            "--kubeconfig", kubeconfig, "--namespace", "k8s-image-puller", "get", kind, "--output", "json",
        ])
        let list = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        return list["items"]?.arrayValue ?? []
    }

    /// A release that the Go puller's chart made, by Helm 3 (which merged on its side) or by Helm 4.
    @Test(arguments: ["--server-side=false", "--server-side=true"])
    func aReleaseOfTheGoPullersChartIsUpgraded(_ way: String) async throws {
        try await Self.withCluster { _, kubeconfig in
            // The simulator has no OpenAPI documents; the objects are checked against the schemas by other tests.
            let place = [
                "--kubeconfig", kubeconfig, "--namespace", "k8s-image-puller", "--disable-openapi-validation",
                "--values", HelmCase.goValues,
            ]
            try await Repository.helm(["install", "puller", Repository.goPuller + "/chart", way] + place)
            let before = try await Self.objects("deployments", kubeconfig).first("Deployment")
            try await Repository.helm(["upgrade", "puller", Repository.chart] + place + HelmCase.registry)

            let after = try await Self.objects("deployments", kubeconfig).first("Deployment")
            #expect(after.name == before.name)
            #expect(after.at("metadata", "uid") == before.at("metadata", "uid"), "it was made anew")
            let container = try #require(
                after.at("spec", "template", "spec", "containers")?.arrayValue?.first)
            #expect(container["image"] == "registry.example.com/image-puller/coordinator:0.1.0")
            #expect(container["envFrom"]?.arrayValue ?? [] == [], "what the Go puller read is gone")
            let variables = (container["env"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
            #expect(Set(variables) == ["POD_NAME", "POD_NAMESPACE"])

            let maps = try await Self.objects("configmaps", kubeconfig)
            #expect(
                try maps.first("ConfigMap", "k8s-image-puller").at("data", "KIP_IMAGE")
                    == "registry.example.com/image-puller/agent:0.1.0")
            let roles = try await Self.objects("roles", kubeconfig)
            let truth = try Repository.documents("deploy/kustomize/rbac.yaml").first("Role")
            #expect(
                Grants.permissions(try roles.first("Role", "k8s-image-puller")) == Grants.permissions(truth),
                "the Go puller's permissions are gone")
            #expect(try await Self.objects("services", kubeconfig).map(\.name) == ["kubernetes-image-puller"])

            try await Repository.helm([
                "uninstall", "puller", "--kubeconfig", kubeconfig, "--namespace", "k8s-image-puller",
            ])
            #expect(try await Self.objects("deployments", kubeconfig).isEmpty)
        }
    }

    /// Whoever lost the values file of the Go puller's release takes its values from the release.
    @Test func theValuesOfTheReleaseAreTaken() async throws {
        try await Self.withCluster { _, kubeconfig in
            let place = ["--kubeconfig", kubeconfig, "--namespace", "k8s-image-puller", "--disable-openapi-validation"]
            let theirs = ["--values", HelmCase.goValues, "--set", "configMap.images=a=b;"]
            try await Repository.helm(["install", "puller", Repository.goPuller + "/chart"] + theirs + place)
            let upgrade = ["upgrade", "puller", Repository.chart] + place
            let error = await #expect(throws: RealRuntimeError.self) {
                try await Repository.helm(upgrade + ["--reuse-values"])
            }
            #expect(error?.description.contains("missing properties 'coordinatorImage'") == true)
            try await Repository.helm(upgrade + HelmCase.registry + ["--reset-then-reuse-values"])
            let map = try await Self.objects("configmaps", kubeconfig).first("ConfigMap", "k8s-image-puller")
            #expect(map.at("data", "IMAGES") == "a=b;")
            #expect(map.at("data", "CACHING_CPU_REQUEST") == ".05")
        }
    }

    @Test func everythingIsInstalledAndTheHistoryStays() async throws {
        try await Self.withCluster { _, kubeconfig in
            let place = ["--kubeconfig", kubeconfig, "--namespace", "k8s-image-puller"]
            let values = HelmCase(
                "",
                set: [
                    "persistence.enabled=true", "networkPolicy.enabled=true", "podDisruptionBudget.enabled=true",
                    "rbac.suggest=true", "rbac.nodeEvents=true", "deploymentName=y",
                ])
            try await Repository.helm(
                ["install", "puller", Repository.chart, "--disable-openapi-validation"] + place + values.arguments)
            // Changes nothing, and is allowed.
            try await Repository.helm(
                ["upgrade", "puller", Repository.chart, "--disable-openapi-validation"] + place + values.arguments)
            try await Repository.helm(["uninstall", "puller"] + place)
            #expect(try await Self.objects("deployments", kubeconfig).isEmpty)
            #expect(try await Self.objects("persistentvolumeclaims", kubeconfig).map(\.name) == ["y-history"])
        }
    }

    @Test func plainManifestsAreApplied() async throws {
        try await Self.withCluster { _, kubeconfig in
            let apply = [
                "--kubeconfig", kubeconfig, "apply", "--validate=false", "--kustomize",
                Repository.root + "/deploy/kustomize",
            ]
            try await Repository.kubectl(apply)
            #expect(try await Self.objects("deployments", kubeconfig).map(\.name) == ["kubernetes-image-puller"])
            let again = try await Repository.kubectl(apply)
            #expect(again.contains("deployment.apps/kubernetes-image-puller unchanged"))
        }
    }
}
