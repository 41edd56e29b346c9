import Foundation
import RealRuntime
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
            // The chart refuses to be without a registry; these have a name that no image can have instead.
            let registry = "registry.example.com/image-puller"
            let placeholder = "SET-YOUR-REGISTRY"
            container["image"] = (container["image"]?.stringValue).map {
                JSONValue.string($0.replacing(placeholder, with: registry))
            }
            container["env"] = .array(
                (container["env"]?.arrayValue ?? []).filter { variable in
                    if variable["name"] == "AGENT_IMAGE" {
                        #expect(variable["value"]?.stringValue == "\(placeholder)/agent:0.1.0")
                    }
                    return variable["name"] != "AGENT_IMAGE"
                })
            let arguments = (container["args"]?.arrayValue ?? []).compactMap(\.stringValue)
                .filter { $0 != "--log-level=info" }
                .map { $0.replacing("$(AGENT_IMAGE)", with: "\(registry)/agent:0.1.0") }
            container["args"] = .array(arguments.map { .string($0) })
            pod["containers"] = [container]
            return [pod, try #require(try objects.first("Service")["spec"])]
        }
        #expect(try spec(own) == spec(chart))
    }

    /// The overlay that the head of kustomization.yaml shows says where the images are and what is cached.
    @Test func theOverlayOfTheHeadFillsIn() async throws {
        #expect(try await Self.objects().first("ConfigMap").at("data", "IMAGES") == "")
        let text = try await Self.overlay("kustomization.yaml", "[../image-puller/deploy/kustomize]", is: "[../base]")
        #expect(!text.contains("SET-YOUR-REGISTRY"))
        let objects = try YAMLDocuments.read(text)
        #expect(try objects.first("ConfigMap").at("data", "IMAGES") == "nginx=nginx:1.27")
        let container = try #require(
            try objects.first("Deployment").at("spec", "template", "spec", "containers")?.arrayValue?.first)
        #expect(container["image"] == "registry.example.com/image-puller/coordinator:0.1.0")
        #expect(
            container["env"]?.arrayValue?.first
                == ["name": "AGENT_IMAGE", "value": "registry.example.com/image-puller/agent:0.1.0"])
    }

    /// What kubectl makes of the overlay that the head of a kustomization shows.
    ///
    /// - Parameters:
    ///   - place: how the overlay names the base.
    ///   - copy: the same, where the base lies beside it.
    static func overlay(_ file: String, _ place: String, is copy: String) async throws -> String {
        let base = Repository.root + "/deploy/kustomize"
        let overlay = try TextFile.read(base + "/" + file).split(separator: "\n")
            .filter { $0.hasPrefix("#   ") }.map { $0.dropFirst(4) }.joined(separator: "\n")
        return try await RealMachine.with { machine in
            try FileManager.default.copyItem(atPath: base, toPath: machine.directory + "/base")
            try FileManager.default.createDirectory(
                atPath: machine.directory + "/overlay", withIntermediateDirectories: true)
            try TextFile.write(
                machine.directory + "/overlay/kustomization.yaml", overlay.replacing(place, with: copy) + "\n")
            return try await Repository.kubectl(["kustomize", machine.directory + "/overlay"])
        }
    }
}
