import RealRuntime
import Shared
import Testing

/// What the manifests tell the coordinator, it understands.
@Suite struct DeploymentArgumentTests {
    private static func options(_ subcommand: String) async throws -> Set<Substring> {
        let help = try await Tool.run(try RealMachine.product("coordinator"), subcommand, "--help")
        return Set(help.matches(of: /--[a-z0-9-]+/).map(\.output))
    }

    private static func unknown(_ arguments: [JSONValue], to subcommand: String) async throws -> [String] {
        let options = try await options(subcommand)
        let texts = arguments.compactMap(\.stringValue)
        #expect(texts.first == subcommand)
        return texts.filter { $0.hasPrefix("-") && !options.contains($0.prefix { $0 != "=" }) }
    }

    private static func sets() async throws -> [[JSONValue]] {
        [
            try await HelmCase("", set: HelmCase.everything + ["openshift=true"]).render(),
            try OpenShiftTemplate.read("app").process(OpenShiftTemplate.images), try await KustomizeTests.objects(),
        ]
    }

    @Test func theOptionsExist() async throws {
        for objects in try await Self.sets() {
            let container = try #require(
                try objects.first("Deployment").at("spec", "template", "spec", "containers")?.arrayValue?.first)
            #expect(try await Self.unknown(container["args"]?.arrayValue ?? [], to: "serve") == [])
        }
    }

    /// Values too, such as the empty ones of a template's parameters: the program gets as far as looking for the cluster.
    @Test func theProgramTakesThem() async throws {
        for objects in try await Self.sets() {
            let container = try #require(
                try objects.first("Deployment").at("spec", "template", "spec", "containers")?.arrayValue?.first)
            let arguments = (container["args"]?.arrayValue ?? []).compactMap(\.stringValue)
            let coordinator = try RealMachine.product("coordinator")
            let error = await #expect(throws: RealRuntimeError.self) {
                try await Tool.run(coordinator, arguments: arguments + ["--kubeconfig", "/nonexistent/kubeconfig"])
            }
            let words = error?.description ?? ""
            #expect(words.contains("exited(1)"), "\(words)")
            #expect(words.contains("the file doesn't exist") && !words.contains("Usage:"), "\(words)")
        }
    }

    @Test func theOptionsOfTheTestExist() async throws {
        let pod = try await HelmCase("").render().first("Pod")
        let container = try #require(pod.at("spec", "containers")?.arrayValue?.first)
        #expect(try await Self.unknown(container["args"]?.arrayValue ?? [], to: "coverage") == [])
    }

    @Test func portsAndProbesAgree() async throws {
        for objects in try await Self.sets() {
            let container = try #require(
                try objects.first("Deployment").at("spec", "template", "spec", "containers")?.arrayValue?.first)
            #expect(
                container["ports"] == [
                    ["name": "https", "containerPort": 8443, "protocol": "TCP"],
                    ["name": "probes", "containerPort": 8081, "protocol": "TCP"],
                ])
            #expect(container["args"]?.arrayValue?.contains("--probe-port=8081") == true)
            for (probe, path) in [("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")] {
                #expect(container.at(probe, "httpGet") == ["path": .string(path), "port": "probes"])
            }
            let service = try objects.first("Service")
            #expect(service.at("spec", "ports")?.arrayValue?.first?["port"] == 8443)
            let labels =
                try objects.first("Deployment").at("spec", "template", "metadata", "labels")?.objectValue ?? [:]
            let selector = service.at("spec", "selector")?.objectValue ?? [:]
            #expect(!selector.isEmpty && selector.allSatisfy { labels[$0.key] == $0.value })
            let variables = (container["env"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
            #expect(variables.contains("POD_NAME") && variables.contains("POD_NAMESPACE"))
        }
    }
}
