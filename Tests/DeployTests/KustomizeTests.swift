import Shared
import Testing

/// `kubectl apply -k deploy/kustomize`
@Suite struct KustomizeTests {
    static func objects() async throws -> [JSONValue] {
        try YAMLDocuments.read(try await Repository.kubectl(["kustomize", Repository.root + "/deploy/kustomize"]))
    }

    @Test func everyObjectIsValid() async throws {
        let objects = try await Self.objects()
        let check = try SchemaCheck()
        #expect(objects.flatMap(check.faults) == [])
        let deployment = try objects.first("Deployment")
        #expect(PodStandard.faults(try #require(deployment.at("spec", "template", "spec"))) == [])
    }

    /// The same Deployment and Service as the chart's, but for labels and for how the agent's image gets in.
    @Test func itIsWhatTheChartMakes() async throws {
        let own = try await Self.objects()
        let chart = try await HelmCase("").render()
        func spec(_ objects: [JSONValue]) throws -> [JSONValue] {
            var pod = try #require(try objects.first("Deployment").at("spec", "template", "spec"))
            guard var container = pod["containers"]?.arrayValue?.first else { return [] }
            let image: JSONValue = "registry.example.com/image-puller/agent:0.1.0"
            container["env"] = .array(
                (container["env"]?.arrayValue ?? []).filter { variable in
                    if variable["name"] == "AGENT_IMAGE" { #expect(variable["value"] == image) }
                    return variable["name"] != "AGENT_IMAGE"
                })
            let arguments = (container["args"]?.arrayValue ?? []).compactMap(\.stringValue)
                .filter { $0 != "--log-level=info" }
                .map { $0.replacing("$(AGENT_IMAGE)", with: image.stringValue ?? "") }
            container["args"] = .array(arguments.map { .string($0) })
            pod["containers"] = [container]
            return [pod, try #require(try objects.first("Service")["spec"])]
        }
        #expect(try spec(own) == spec(chart))
    }
}
