import Cluster
import ImageSets
import Testing

@testable import ConfigurationFixtures
@testable import ConfigurationParsing

@Suite("Whether nodes can run the pods")
struct ClusterFitTests {
    func node(_ name: String, _ memory: String, _ cpu: String) throws -> ClusterFit.Node {
        ClusterFit.Node(name: name, memory: try Quantity(memory), cpu: try Quantity(cpu))
    }

    func configuration(images: Int, memory: String, cpu: String) throws -> Configuration {
        let list = (1...images).map { "i\($0)=nginx:\($0)" }.joined(separator: ";")
        return try #require(
            decide([
                "IMAGES": list, "CACHING_MEMORY_REQUEST": memory, "CACHING_MEMORY_LIMIT": "10Gi",
                "CACHING_CPU_REQUEST": cpu,
                "CACHING_CPU_LIMIT": "10",
            ]).configuration)
    }

    @Test("One node that has enough is enough")
    func fits() throws {
        let configuration = try configuration(images: 10, memory: "100Mi", cpu: "10m")
        let targets = [try node("small", "500Mi", "1"), try node("large", "1000Mi", "100m")]
        #expect(ClusterFit().findings(for: configuration, nodes: 2, targets: targets).isEmpty)
    }

    @Test("Memory that no node has is warned of, with the numbers")
    func memory() throws {
        let configuration = try configuration(images: 29, memory: "100Mi", cpu: "1m")
        let targets = [try node("n1", "1900Mi", "4"), try node("n2", "2000Mi", "4")]
        var fit = ClusterFit()
        fit.agentMemory = try Quantity("20Mi")
        #expect(
            fit.findings(for: configuration, nodes: 3, targets: targets).map(\.description) == [
                "CACHING_MEMORY_REQUEST: each pod requests 29 × 100Mi + 20Mi for the agent = 2920Mi of memory, and the largest "
                    + "of 2 target nodes, n2, has 2000Mi: no pod can start. "
                    + "Next step: lower CACHING_MEMORY_REQUEST, or list fewer images."
            ])
    }

    @Test("So is CPU, and the two together")
    func cpu() throws {
        let configuration = try configuration(images: 50, memory: "10Mi", cpu: ".05")
        #expect(
            ClusterFit().findings(for: configuration, nodes: 1, targets: [try node("n1", "8Gi", "1930m")]).map(
                \.description)
                == [
                    "CACHING_CPU_REQUEST: each pod requests 50 × .05 = 2500m of CPU, and the only target node, n1, has 1930m: no "
                        + "pod can start. Next step: lower CACHING_CPU_REQUEST, or list fewer images."
                ])
        let crossed = [try node("n1", "8Gi", "1"), try node("n2", "100Mi", "8")]
        #expect(ClusterFit().findings(for: configuration, nodes: 2, targets: crossed).map(\.key) == ["IMAGES"])
    }

    @Test("No target nodes, and no nodes at all")
    func noTargets() throws {
        let configuration = try configuration(images: 1, memory: "10Mi", cpu: "1m")
        #expect(ClusterFit().findings(for: configuration, nodes: 0, targets: []).isEmpty)
        #expect(ClusterFit().findings(for: configuration, nodes: 1, targets: []).map(\.severity) == [.warning])
    }
}
