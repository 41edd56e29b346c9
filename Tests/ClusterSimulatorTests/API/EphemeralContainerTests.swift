import Shared
import Testing

@testable import ClusterSimulator

/// Containers that are added to a running pod, as an API server of Kubernetes 1.36 answered.
@Suite("Ephemeral containers") struct EphemeralContainerTests {
    private static let pod = "/api/v1/namespaces/facts/pods/p"
    private static let three: JSONValue = ["name": "three", "image": "registry.example.com/three:1"]

    private func fixture() async throws -> APIFixture {
        let api = try await APIFixture()
        _ = await api.send(
            "POST", "/api/v1/namespaces/facts/pods",
            [
                "metadata": ["name": "p", "namespace": "facts"],
                "spec": [
                    "containers": [["name": "nginx", "image": "nginx:1"]],
                    "initContainers": [["name": "copy", "image": "copy:1"]],
                ],
            ])
        return api
    }

    private func add(
        _ containers: JSONValue..., to api: APIFixture, metadata: JSONValue = [:], path: String = pod,
        format: String = "strategic-merge-patch"
    ) async -> APIDocument {
        await api.send(
            "PATCH", "\(path)/ephemeralcontainers",
            ["metadata": metadata, "spec": ["ephemeralContainers": .array(containers)]],
            headers: ["content-type": "application/\(format)+json"])
    }

    @Test("They are added one after the other, and raise the generation; once more changes nothing")
    func added() async throws {
        let api = try await fixture()
        let first = await add(Self.three, to: api)
        #expect(first.status == 200, "\(String(decoding: first.body, as: UTF8.self))")
        let second = await add(["name": "four", "image": "four:1"], to: api)
        let names = second.json.at("spec", "ephemeralContainers")?.arrayValue?.compactMap { $0["name"]?.stringValue }
        #expect(Set(names ?? []) == ["three", "four"])
        #expect(second.json.at("metadata", "generation") == 3)
        let again = await add(Self.three, to: api)
        #expect(again.json.at("metadata", "resourceVersion") == second.json.at("metadata", "resourceVersion"))
    }

    @Test("Nothing else can be changed this way, and ordinary requests change none of them")
    func nothingElse() async throws {
        let api = try await fixture()
        let answer = await add(Self.three, to: api, metadata: ["annotations": ["a": "b"]])
        #expect(answer.status == 200 && answer.json.at("metadata", "annotations")?["a"] == nil)
    }

    @Test("None is changed or removed, none has a name that is taken or asks for resources")
    func refused() async throws {
        let api = try await fixture()
        _ = await add(Self.three, to: api)
        func message(_ answer: APIDocument) -> String {
            #expect(answer.status == 422)
            return answer.json["message"]?.stringValue ?? ""
        }
        #expect(
            message(await add(["name": "three", "image": "other:1"], to: api))
                .contains("existing ephemeral containers \"three\" may not be changed"))
        #expect(
            message(await add(["name": "four", "image": "four:1"], to: api, format: "merge-patch"))
                .contains("existing ephemeral containers \"three\" may not be removed"))
        for name in ["nginx", "copy"] {
            let words = message(await add(["name": .string(name), "image": "x:1"], to: api))
            #expect(words.contains("name: Duplicate value: \"\(name)\""))
        }
        let greedy: JSONValue = ["name": "five", "image": "x:1", "resources": ["limits": ["memory": "1Mi"]]]
        #expect(
            message(await add(greedy, to: api)).contains(
                "resources: Forbidden: cannot be set for an Ephemeral Container"))
    }

    @Test("Another pod than the one that was meant is told by its uid, and not as a conflict")
    func uid() async throws {
        let api = try await fixture()
        let answer = await add(Self.three, to: api, metadata: ["uid": "00000000-0000-0000-0000-000000000000"])
        #expect(
            answer.status == 422 && answer.json.at("details", "causes")?.arrayValue?.first?["field"] == "metadata.uid")
        let gone = await add(Self.three, to: api, path: "/api/v1/namespaces/facts/pods/q")
        #expect(gone.status == 404 && gone.json.at("details", "name") == "q")
    }
}
