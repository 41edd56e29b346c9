import Shared
import Testing

@testable import ClusterSimulator

/// The refusals of a real API server, and ours to the same requests.
@Suite struct StatusFactsTests {
    @Test func absentObject() async throws {
        let api = try await APIFixture()
        let (status, body) = try Fact("status.404.http.txt").answer
        let answer = await api.send("GET", APIFixture.configMaps + "/none")
        #expect(answer.status == status)
        #expect(answer.json == body)
        #expect(answer.contentType == "application/json")
    }

    @Test func objectThatExists() async throws {
        let api = try await APIFixture()
        _ = await api.send("POST", APIFixture.configMaps, APIFixture.configMap("cm"))
        let answer = await api.send("POST", APIFixture.configMaps, APIFixture.configMap("cm"))
        #expect(answer.status == 409)
        #expect(try answer.json == Fact("status.409.AlreadyExists.json").json)
    }

    @Test func updateOfAnOldVersion() async throws {
        let api = try await APIFixture()
        let old = await api.send("POST", APIFixture.configMaps, APIFixture.configMap("cm")).json
        var first = old
        first["data"] = ["a": "1"]
        #expect(await api.send("PUT", APIFixture.configMaps + "/cm", first).status == 200)
        let answer = await api.send("PUT", APIFixture.configMaps + "/cm", old)
        #expect(answer.status == 409)
        #expect(try answer.json == Fact("status.409.Conflict.json").json)
    }

    @Test func applyToAnothersField() async throws {
        let api = try await APIFixture()
        _ = await api.send(
            "POST", APIFixture.configMaps, APIFixture.configMap("cm", ["a": "1"]),
            headers: ["user-agent": "kubectl-create/1"])
        let answer = await api.apply(APIFixture.configMaps + "/cm", APIFixture.configMap("cm", ["a": "2"]))
        #expect(answer.status == 409)
        #expect(try answer.json == Fact("status.409.ApplyConflict.json").json)
    }

    @Test func methodThatIsNotAllowed() async throws {
        let api = try await APIFixture()
        for (method, path) in [("POST", "/cm"), ("PUT", ""), ("PATCH", "")] {
            let answer = await api.send(method, APIFixture.configMaps + path, APIFixture.configMap("cm"))
            #expect(answer.status == 405)
            #expect(try answer.json == Fact("status.405.json").json)
        }
    }

    @Test func unknownMediaTypes() async throws {
        let api = try await APIFixture()
        let plain = await api.send(
            "POST", APIFixture.configMaps, APIFixture.configMap("cm"), headers: ["content-type": "text/plain"])
        #expect(plain.status == 415)
        #expect(try plain.json == Fact("status.415.json").json)
        let patch = await api.send("PATCH", APIFixture.configMaps + "/cm", ["data": [:]])
        #expect(patch.status == 415)
        #expect(try patch.json == Fact("status.415.patch.json").json)
    }

    @Test func fieldOfTheWrongType() async throws {
        let api = try await APIFixture()
        var object = APIFixture.daemonSet("d1")
        object.set("spec", "selector", to: "x")
        let answer = await api.send("POST", APIFixture.daemonSets, object)
        #expect(answer.status == 400)
        #expect(try answer.json == Fact("status.400.BadRequest.json").json)
    }

    @Test func bodyThatIsNotJSON() async throws {
        let api = try await APIFixture()
        let request = APIRequest(
            "POST", APIFixture.daemonSets, headers: ["content-type": "application/json"], body: Array("{bad json".utf8))
        guard case .document(let answer) = await api.handler.respond(to: request) else {
            Issue.record("no document")
            return
        }
        let fact = try Fact("status.400.badjson.json").json
        #expect(answer.status == 400)
        #expect(
            answer.json.shape(keeping: ["reason", "status", "kind", "code"])
                == fact.shape(keeping: ["reason", "status", "kind", "code"]))
        let begin = "the object provided is unrecognized (must be of type DaemonSet): couldn't get version/kind; "
        #expect(fact["message"]?.stringValue?.hasPrefix(begin) == true)
        #expect(answer.json["message"]?.stringValue?.hasPrefix(begin) == true)
        #expect(answer.json["message"]?.stringValue?.hasSuffix("({bad json)") == true)
    }

    @Test func badContinueToken() async throws {
        let api = try await APIFixture()
        let fact = try Fact("status.400.badcontinue.json").json
        // Base64 of something that isn't JSON, and something that isn't base64.
        for token in ["bm90anNvbg", "%21%21"] {
            let answer = await api.send("GET", APIFixture.configMaps + "?limit=1&continue=\(token)")
            #expect(answer.status == 400)
            #expect(answer.json.shape(keeping: ["reason"]) == fact.shape(keeping: ["reason"]))
            #expect(
                answer.json["message"]?.stringValue?.hasPrefix(
                    "invalid continue token: continue key is not valid: ") == true)
        }
    }

    @Test func invalidDaemonSet() async throws {
        let api = try await APIFixture()
        let fact = try Fact("status.422.Invalid.json").json
        var object = APIFixture.daemonSet(
            "d1", containers: [["name": "x"], ["name": "x", "image": "busy"]])
        object.set("metadata", "name", to: "Bad_Name")
        object.set("spec", "selector", to: ["matchLabels": ["a": "b"]])
        object.set("spec", "template", "metadata", "labels", to: ["a": "c"])
        object.set("spec", "template", "spec", "nodeSelector", to: ["bad key!": "x"])
        let answer = await api.send("POST", APIFixture.daemonSets, object)
        #expect(answer.status == 422)
        #expect(answer.json == fact)
    }

    @Test func versionThatHasNotCome() async throws {
        let api = try await APIFixture()
        let answer = await api.send("GET", APIFixture.configMaps + "?resourceVersion=99999999")
        let fact = try Fact("status.504.TooLargeRV.json").json
        #expect(answer.status == 504)
        #expect(answer.headers["Retry-After"] == "1")
        #expect(answer.json["details"] == fact["details"])
        #expect(
            answer.json.shape(keeping: ["reason", "details"]) == fact.shape(keeping: ["reason", "details"]))
        #expect(
            answer.json["message"]?.stringValue?.hasPrefix("Timeout: Too large resource version: 99999999, current: ")
                == true)
    }

    @Test func unauthorizedAndForbidden() async throws {
        let nobody = APIUser(name: "system:serviceaccount:facts:nobody")
        let anonymous = APIUser(name: "system:anonymous")
        let unknown = try await APIFixture(authorizer: Deny(user: nil)).send("GET", "/api/v1/nodes")
        #expect(unknown.status == 401)
        #expect(try unknown.json == Fact("status.401.json").json)
        let nodes = try await APIFixture(authorizer: Deny(user: anonymous)).send("GET", "/api/v1/nodes")
        #expect(nodes.status == 403)
        #expect(try nodes.json == Fact("status.403.anonymous.json").json)
        let sets = try await APIFixture(authorizer: Deny(user: nobody)).send("GET", APIFixture.daemonSets)
        #expect(sets.status == 403)
        #expect(try sets.json == Fact("status.403.serviceaccount.json").json)
    }

    private struct Deny: Authorizer {
        let user: APIUser?
        func user(of request: APIRequest) async -> APIUser? { user }
        func allows(_ user: APIUser, _ attributes: AccessAttributes) async -> Bool { false }
    }
}
