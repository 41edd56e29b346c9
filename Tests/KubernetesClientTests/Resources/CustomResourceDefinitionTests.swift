import Foundation
import Shared
import Testing

@testable import KubernetesClient
@testable import KubernetesFixtures

@Suite("What a CustomResourceDefinition lets in") struct CustomResourceDefinitionTests {
    private static func read(_ document: JSONValue) throws -> CustomResourceDefinition {
        try JSONDecoder().decode(CustomResourceDefinition.self, from: JSONEncoder().encode(document))
    }

    private static func established(_ change: (inout JSONValue) -> Void = { _ in }) throws -> CustomResourceDefinition {
        var document = PullerDefinition.document(isOurs: true)
        document["status"] = ["conditions": [["type": "Established", "status": "True"]]]
        change(&document)
        return try read(document)
    }

    @Test("Objects are served once it is established, of the version that is served, and until it is being deleted")
    func serves() throws {
        let definition = try Self.established()
        #expect(definition.serves("v1alpha1") && !definition.serves("v1"))
        #expect(try !Self.established { $0["status"] = nil }.serves("v1alpha1"))
        #expect(
            try !Self.established { $0["metadata"]?["deletionTimestamp"] = "2026-11-30T00:00:00Z" }.serves("v1alpha1"))
    }

    @Test("The fields of status are those that the schema declares, or any where it keeps what it doesn't know")
    func fields() throws {
        let theirs = try Self.read(PullerDefinition.document(isOurs: false))
        #expect(theirs.fields(at: ["status"], of: "v1alpha1") == ["imagePullerImage", "conditions"])
        let ours = try Self.established()
        #expect(ours.fields(at: ["status"], of: "v1alpha1")?.contains("coverage") == true)
        #expect(ours.fields(at: ["status"], of: "v1") == [])
        #expect(ours.fields(at: ["spec", "nodeLabels", "x"], of: "v1alpha1") == nil)
        #expect(ours.fields(at: ["absent"], of: "v1alpha1") == [])
    }
}
