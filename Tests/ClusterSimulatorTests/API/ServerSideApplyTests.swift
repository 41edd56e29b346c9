import Shared
import Testing

@testable import ClusterSimulator

@Suite struct ServerSideApplyTests {
    private let path = APIFixture.daemonSets + "/d1"

    private func containers(_ names: String...) -> JSONValue {
        .array(names.map { ["name": .string($0), "image": .string("registry/\($0):1")] })
    }

    private func names(_ object: JSONValue) -> [String] {
        object.at("spec", "template", "spec", "containers")?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
    }

    @Test func createsThenAddsAndRemovesWhatItOwns() async throws {
        let api = try await APIFixture()
        let made = await api.apply(path, APIFixture.daemonSet("d1", containers: containers("agent", "a", "b")))
        #expect(made.status == 201)
        #expect(made.json.at("metadata", "generation") == 1)
        let next = await api.apply(path, APIFixture.daemonSet("d1", containers: containers("agent", "b", "c")))
        #expect(next.status == 200)
        #expect(names(next.json) == ["agent", "b", "c"])
        #expect(next.json.at("metadata", "generation") == 2)
        #expect(next.json.annotations[Admission.templateGeneration] == "2")
        let entries = ManagedFields(of: next.json).entries
        #expect(entries.map(\.manager) == ["puller"])
        #expect(entries.map(\.operation) == [.apply])
    }

    @Test func sameApplyChangesNothing() async throws {
        let api = try await APIFixture()
        let configuration = APIFixture.daemonSet("d1", containers: containers("a"))
        let first = await api.apply(path, configuration).json
        let second = await api.apply(path, configuration).json
        #expect(first == second)
    }

    /// As `patch.go` and `BeforeUpdate` of the API server do.
    @Test func aUIDNamesTheObjectThatIsMeant() async throws {
        let api = try await APIFixture()
        var configuration = APIFixture.daemonSet("d1", containers: containers("a"))
        configuration.set("metadata", "uid", to: "no-such-uid")
        let absent = await api.apply(path, configuration)
        #expect(absent.status == 409)
        #expect(absent.json["reason"] == "Conflict")
        let made = await api.apply(path, APIFixture.daemonSet("d1", containers: containers("a"))).json
        #expect(await api.apply(path, configuration).status == 409)
        configuration.set("metadata", "uid", to: .string(made.uid))
        #expect(await api.apply(path, configuration).status == 200)
    }

    @Test func othersFieldsStay() async throws {
        let api = try await APIFixture()
        _ = await api.apply(path, APIFixture.daemonSet("d1", containers: containers("a", "b")))
        let edited = await api.send(
            "PATCH", path,
            [
                "metadata": ["annotations": ["by": "hand"]],
                "spec": ["template": ["spec": ["containers": [["name": "a", "env": [["name": "E", "value": "1"]]]]]]],
            ], headers: ["content-type": "application/strategic-merge-patch+json", "user-agent": "kubectl-edit/1"])
        #expect(edited.status == 200)
        #expect(names(edited.json) == ["a", "b"])
        let applied = await api.apply(path, APIFixture.daemonSet("d1", containers: containers("a"))).json
        #expect(names(applied) == ["a"])
        #expect(applied.annotations["by"] == "hand")
        let first = applied.at("spec", "template", "spec", "containers")?.arrayValue?.first
        #expect(first?["env"] == [["name": "E", "value": "1"]])
    }

    @Test func forceTakesAnEditBack() async throws {
        let api = try await APIFixture()
        let configuration = APIFixture.daemonSet("d1", containers: containers("a"))
        _ = await api.apply(path, configuration)
        _ = await api.send(
            "PATCH", path,
            ["spec": ["template": ["spec": ["containers": [["name": "a", "image": "evil"]]]]]],
            headers: ["content-type": "application/strategic-merge-patch+json", "user-agent": "kubectl-edit/1"])
        let refused = await api.apply(path, configuration)
        #expect(refused.status == 409)
        #expect(
            refused.json["message"]
                == "Apply failed with 1 conflict: conflict with \"kubectl-edit\" using apps/v1: .spec.template.spec.containers[name=\"a\"].image"
        )
        let forced = await api.apply(path, configuration, force: true)
        #expect(forced.status == 200)
        let first = forced.json.at("spec", "template", "spec", "containers")?.arrayValue?.first
        #expect(first?["image"] == "registry/a:1")
        #expect(await api.apply(path, configuration).status == 200)
    }

    @Test func twoManagersShareAField() async throws {
        let api = try await APIFixture()
        let map = APIFixture.configMaps + "/cm"
        _ = await api.apply(map, APIFixture.configMap("cm", ["a": "1", "b": "1"]), manager: "one")
        #expect(await api.apply(map, APIFixture.configMap("cm", ["a": "1"]), manager: "two").status == 200)
        let left = await api.apply(map, APIFixture.configMap("cm", ["c": "1"]), manager: "one").json
        #expect(left["data"] == ["a": "1", "c": "1"])
        let missing = await api.send(
            "PATCH", map, APIFixture.configMap("cm"), headers: ["content-type": "application/apply-patch+yaml"])
        #expect(missing.status == 422)
    }
}
