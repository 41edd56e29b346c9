import Shared
import Testing

@testable import ClusterSimulator

@Suite struct ValidationTests {
    private func fields(_ change: (inout JSONValue) -> Void) -> [String] {
        var set = APIFixture.daemonSet("d1")
        ObjectDefaults.fill(.daemonSets, &set)
        change(&set)
        return ObjectValidation.faults(.daemonSets, set, old: nil).map(\.field)
    }

    private func container(_ members: JSONValue) -> [String] {
        fields {
            let merged = MergePatch.merge(members, into: ["name": "c", "image": "busy"])
            $0.set("spec", "template", "spec", "containers", to: [merged])
        }
    }

    @Test func goodDaemonSetPasses() { #expect(fields { _ in } == []) }

    @Test func containers() {
        let field = "spec.template.spec.containers[0]"
        #expect(container(["name": "Upper"]) == ["\(field).name"])
        #expect(container(["name": .string(String(repeating: "a", count: 64))]) == ["\(field).name"])
        #expect(container(["image": " busy"]) == ["\(field).image"])
        #expect(container(["imagePullPolicy": "Sometimes"]) == ["\(field).imagePullPolicy"])
        #expect(
            container(["volumeMounts": [["name": "v", "mountPath": "/v"]]]) == ["\(field).volumeMounts[0].name"])
        #expect(
            container(["resources": ["limits": ["memory": "10Mi"], "requests": ["memory": "20Mi"]]])
                == ["\(field).resources.requests"])
        #expect(container(["resources": ["limits": ["memory": "abc"]]]) == ["\(field).resources.limits.memory"])
    }

    @Test func initContainersShareTheNames() {
        let faults = fields {
            $0.set("spec", "template", "spec", "initContainers", to: [["name": "c", "image": "busy"]])
        }
        #expect(faults == ["spec.template.spec.initContainers[0].name"])
    }

    @Test func surgeExcludesUnavailable() {
        func strategy(_ rolling: JSONValue) -> [String] {
            fields { $0.set("spec", "updateStrategy", to: ["type": "RollingUpdate", "rollingUpdate": rolling]) }
        }
        #expect(strategy(["maxSurge": 1, "maxUnavailable": 1]) == ["spec.updateStrategy.rollingUpdate.maxSurge"])
        #expect(strategy(["maxSurge": 0, "maxUnavailable": 0]) == ["spec.updateStrategy.rollingUpdate.maxUnavailable"])
        #expect(strategy(["maxSurge": 1, "maxUnavailable": 0]) == [])
    }

    @Test func selectorCannotChange() async throws {
        let api = try await APIFixture()
        _ = await api.apply(APIFixture.daemonSets + "/d1", APIFixture.daemonSet("d1"))
        var other = APIFixture.daemonSet("d1")
        other.set("spec", "selector", to: ["matchLabels": ["app": "other"]])
        other.set("spec", "template", "metadata", "labels", to: ["app": "other"])
        let answer = await api.apply(APIFixture.daemonSets + "/d1", other, force: true)
        #expect(answer.status == 422)
        #expect(
            answer.json.at("details", "causes") == [
                [
                    "reason": "FieldValueInvalid", "field": "spec.selector",
                    "message": "Invalid value: {\"matchLabels\":{\"app\":\"other\"}}: field is immutable",
                ]
            ])
    }

    @Test func tolerationsAndAffinity() {
        let place = "spec.template.spec"
        #expect(
            fields { $0.set("spec", "template", "spec", "tolerations", to: [["operator": "Equal", "value": "x"]]) }
                == ["\(place).tolerations[0].operator"])
        #expect(
            fields { $0.set("spec", "template", "spec", "tolerations", to: [["key": "a", "effect": "Never"]]) }
                == ["\(place).tolerations[0].effect"])
        let required = "\(place).affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
        #expect(
            fields {
                $0.set(
                    "spec", "template", "spec", "affinity", "nodeAffinity",
                    "requiredDuringSchedulingIgnoredDuringExecution", to: ["nodeSelectorTerms": []])
            } == [required])
    }

    @Test func podsCannotChangeTheirContainers() async throws {
        let api = try await APIFixture()
        let path = "/api/v1/namespaces/facts/pods"
        let pod: JSONValue = ["metadata": ["name": "p"], "spec": ["containers": [["name": "c", "image": "busy"]]]]
        let made = await api.send("POST", path, pod).json
        var next = made
        next.set("spec", "containers", to: [["name": "c", "image": "busy:2", "command": ["x"]]])
        #expect(await api.send("PUT", path + "/p", next).status == 422)
        next = made
        next.set("metadata", "labels", to: ["a": "b"])
        #expect(await api.send("PUT", path + "/p", next).status == 200)
    }

    @Test func quantities() {
        #expect(Quantity("10Mi")?.value == 10_485_760)
        #expect(Quantity("200m")?.value == 0.2)
        #expect(Quantity("1e3")?.value == 1_000)
        #expect(Quantity("abc") == nil)
        #expect(Quantity("") == nil)
        #expect(Quantity("10Mb") == nil)
    }

    /// What takes the last container out of a template is refused, however it is written.
    @Test func aTemplateNeedsContainers() async throws {
        let path = APIFixture.daemonSets + "/d1"
        func patch(_ type: String, _ body: JSONValue, query: String = "") async throws -> APIDocument {
            let api = try await APIFixture()
            _ = await api.apply(path, APIFixture.daemonSet("d1"))
            return await api.send(
                "PATCH", path + query, body, headers: ["content-type": "application/\(type)-patch+json"])
        }
        func template(_ spec: JSONValue) -> JSONValue { ["spec": ["template": ["spec": spec]]] }
        for containers: JSONValue in [[], .null] {
            try expectRefusal(await patch("merge", template(["containers": containers])))
            try expectRefusal(
                await patch("apply", APIFixture.daemonSet("d1", containers: containers), query: "?fieldManager=puller"))
        }
        let gone: JSONValue = [["name": "c", "$patch": "delete"]]
        try expectRefusal(await patch("strategic-merge", template(["containers": gone])))
        try expectRefusal(await patch("strategic-merge", template(["containers": [["$patch": "replace"]]])))
        let api = try await APIFixture()
        try expectRefusal(await api.apply(path, APIFixture.daemonSet("d1", containers: [])))
    }

    private func expectRefusal(_ answer: APIDocument) throws {
        let body = try Fact.parse(String(decoding: answer.body, as: UTF8.self))
        #expect(answer.status == 422, "\(body)")
        let message = body["message"]?.stringValue ?? ""
        #expect(message.contains("spec.template.spec.containers: Required value"), "\(message)")
    }
}
