import ClusterModel
import FoundationEssentials
import Shared
import Testing

@testable import ClusterSimulator

@Suite struct ScenarioTests {
    @Test func theDemoHasWhatItPromises() async throws {
        let scenario = try Scenario.demo(agentImage: "quay.io/me/puller:1")
        #expect(scenario.nodes?.count == 5)
        #expect(Set((scenario.nodes ?? []).compactMap(\.zone)).count == 3)
        #expect(scenario.registries?.flatMap { $0.images ?? [] }.contains { $0.failFirst == 2 } == true)
        let models = try (scenario.registries ?? []).map { try $0.model() }
        let own = try ImageReference("quay.io/me/puller:1")
        #expect(models.first { $0.host == "quay.io" }?.image(own) != nil)
        let missing = try ImageReference("registry.example.com/shop/legacy:0.9")
        #expect(models.allSatisfy { $0.image(missing) == nil })
    }

    @Test func aFileIsReadAndItsMistakesAreNamed() throws {
        let path = "/tmp/scenario-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(#"{"nodes":[{"name":"a","megabitsPerSecond":"fast"}]}"#.utf8).write(to: URL(filePath: path))
        let error = #expect(throws: ScenarioError.self) { try Scenario.read(path) }
        #expect(error?.description.contains(".nodes[0].megabitsPerSecond") == true)
        let gone = #expect(throws: ScenarioError.self) { try Scenario.read("/nonexistent") }
        #expect(gone?.description == "scenario: /nonexistent can't be read")
        var wrong = RegistryScenario(host: "a.example.com")
        wrong.images = [ImageScenario(reference: "b.example.com/x:1")]
        #expect(throws: ScenarioError.self) { try wrong.model() }
    }

    @Test func objectsOfTheScenarioAreCreatedWithTheirNamespace() async throws {
        let store = ObjectStore()
        try await StoreSeed(store: store).create([
            [
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "c", "namespace": "elsewhere"],
                "data": ["k": "v"],
            ]
        ])
        #expect(await store.get(.configMaps, namespace: "elsewhere", name: "c")?.at("data", "k") == "v")
        #expect(await store.get(.namespaces, name: "k8s-image-puller") != nil)
        await #expect(throws: ScenarioError.self) { try await StoreSeed(store: store).create([["kind": "Odd"]]) }
    }
}
