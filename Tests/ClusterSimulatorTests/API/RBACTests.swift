import Shared
import Testing

@testable import ClusterSimulator

/// An API whose users may do what Roles grant them.
@Suite struct RBACTests {
    private let store = ObjectStore()
    private let tokens = TokenRegistry()
    private let api: APIHandler

    init() async throws {
        let authorizer = RBACAuthorizer(store: store, tokens: tokens, withoutCredentials: .anonymous)
        api = APIHandler(store: store, authorizer: authorizer, tokens: tokens)
        try await store.create(.namespaces, object: ["metadata": ["name": "facts"]])
        for account in ["nobody", "worker"] {
            try await store.create(
                .serviceAccounts, namespace: "facts", object: ["metadata": ["name": .string(account)]])
        }
        try await bind(
            "worker", .roles, "facts-role",
            [
                [
                    "apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["cm"],
                    "verbs": ["get", "list", "patch"],
                ],
                ["apiGroups": [""], "resources": ["secrets"], "verbs": ["patch"]],
                ["apiGroups": [""], "resources": ["secrets"], "resourceNames": ["own"], "verbs": ["create"]],
            ])
        try await bind(
            "worker", .clusterRoles, "cluster-role",
            [
                ["apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]],
                ["nonResourceURLs": ["/metrics"], "verbs": ["get"]],
            ])
    }

    private func bind(_ account: String, _ type: ResourceType, _ name: String, _ rules: JSONValue) async throws {
        let namespace = type.namespaced ? "facts" : nil
        try await store.create(
            type, namespace: namespace, object: ["metadata": ["name": .string(name)], "rules": rules])
        try await store.create(
            type.namespaced ? .roleBindings : .clusterRoleBindings, namespace: namespace,
            object: [
                "metadata": ["name": .string(name)],
                "roleRef": ["kind": .string(type.kind), "name": .string(name)],
                "subjects": [["kind": "ServiceAccount", "name": .string(account), "namespace": "facts"]],
            ])
    }

    private func send(
        _ account: String?, _ method: String, _ target: String, _ body: JSONValue? = nil, type: String? = nil
    ) async -> APIDocument {
        var headers = ["content-type": type ?? "application/json"]
        if let account {
            let subject = TokenRegistry.Subject(namespace: "facts", serviceAccount: account, serviceAccountUID: "1")
            headers["authorization"] = "Bearer \(tokens.issue(subject))"
        }
        let request = APIRequest(method, target, headers: headers, body: body?.encoded() ?? [])
        guard case .document(let document) = await api.respond(to: request) else {
            return APIDocument(status: 200, body: [])  // a watch
        }
        return document
    }

    @Test func refusalsAreWordedAsRealOnes() async throws {
        let anonymous = await send(nil, "GET", "/api/v1/nodes")
        #expect(anonymous.status == 403)
        #expect(try anonymous.json == Fact("status.403.anonymous.json").json)
        let account = await send("nobody", "GET", APIFixture.daemonSets)
        #expect(account.status == 403)
        #expect(try account.json == Fact("status.403.serviceaccount.json").json)
        #expect(api.counts.denied.count == 2)
        let unknown = APIRequest("GET", "/api/v1/nodes", headers: ["authorization": "Bearer nonsense"])
        guard case .document(let answer) = await api.respond(to: unknown) else { return }
        #expect(answer.status == 401)
    }

    @Test(arguments: [
        ("GET", "/configmaps/cm", 404), ("GET", "/configmaps/other", 403), ("GET", "/configmaps", 403),
        ("GET", "/configmaps?fieldSelector=metadata.name%3Dcm", 200),
        ("GET", "/configmaps?fieldSelector=metadata.name%3Dother", 403),
        ("GET", "/configmaps?fieldSelector=metadata.name!%3Dcm", 403),
        ("GET", "/configmaps?watch=1&fieldSelector=metadata.name%3Dcm", 403), ("DELETE", "/configmaps/cm", 403),
        ("DELETE", "/configmaps?fieldSelector=metadata.name%3Dcm", 403), ("GET", "/pods", 403),
    ])
    func names(method: String, path: String, status: Int) async {
        #expect(await send("worker", method, "/api/v1/namespaces/facts" + path).status == status)
    }

    @Test func rolesEndAtTheirNamespaceAndClusterRolesDoNot() async {
        #expect(await send("worker", "GET", "/api/v1/nodes").status == 200)
        #expect(await send("nobody", "GET", "/api/v1/nodes").status == 403)
        #expect(await send("worker", "GET", "/api/v1/configmaps?fieldSelector=metadata.name%3Dcm").status == 403)
        #expect(await send("worker", "GET", "/api/v1/namespaces/default/configmaps/cm").status == 403)
    }

    @Test func applyThatCreatesNeedsBothVerbs() async throws {
        let apply = "application/apply-patch+yaml"
        func secret(_ name: String) -> JSONValue {
            ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name)]]
        }
        let place = "/api/v1/namespaces/facts/secrets/"
        let query = "?fieldManager=m"
        #expect(await send("worker", "PATCH", place + "own" + query, secret("own"), type: apply).status == 201)
        let other = await send("worker", "PATCH", place + "other" + query, secret("other"), type: apply)
        #expect(other.status == 403)
        #expect(other.json["message"]?.stringValue?.contains("cannot create resource \"secrets\"") == true)
        // What exists is only patched.
        try await store.create(.secrets, namespace: "facts", object: secret("other"))
        #expect(await send("worker", "PATCH", place + "other" + query, secret("other"), type: apply).status == 200)
    }

    @Test func reviewsAskTheSameAuthorizer() async throws {
        let own: JSONValue = ["spec": ["resourceAttributes": ["verb": "list", "resource": "nodes"]]]
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        #expect(await send("worker", "POST", path, own).json.at("status", "allowed") == true)
        #expect(await send("nobody", "POST", path, own).json.at("status", "allowed") == false)
        // Whether somebody else may is nothing that everybody may ask.
        let others = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        #expect(await send("worker", "POST", others, own).status == 403)

        let authorizer = RBACAuthorizer(store: store, tokens: tokens)
        let worker = APIUser(name: "system:serviceaccount:facts:worker")
        let attributes = AccessAttributes(["nonResourceAttributes": ["verb": "get", "path": "/metrics"]])
        #expect(await authorizer.allows(worker, attributes))
        #expect(await !authorizer.allows(APIUser(name: "somebody"), attributes))
    }

    @Test func mastersMayDoEverything() async throws {
        let authorizer = RBACAuthorizer(store: store, tokens: tokens)
        let user = try #require(await authorizer.user(of: APIRequest("GET", "/api/v1/nodes")))
        #expect(await authorizer.allows(user, AccessAttributes(verb: "deletecollection", resource: "secrets")))
        #expect(await !authorizer.allows(.anonymous, AccessAttributes(verb: "get", resource: "pods", name: "a")))
    }
}
