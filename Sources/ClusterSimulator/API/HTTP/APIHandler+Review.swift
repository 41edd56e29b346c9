import FoundationEssentials
import Shared

extension APIHandler {
    /// A review: the request comes back with its `status` filled in, and nothing is stored.
    func review(_ resource: String, _ request: APIRequest) async throws(APIError) -> APIAnswer {
        let kinds = [
            "tokenreviews": "TokenReview", "subjectaccessreviews": "SubjectAccessReview",
            "selfsubjectaccessreviews": "SelfSubjectAccessReview",
        ]
        let type = ResourceType(
            group: APIPath.reviews[resource] ?? "", plural: resource, kind: kinds[resource] ?? resource)
        var object = try RequestBody.object(request, type)
        object["kind"] = .string(type.kind)
        object["apiVersion"] = .string(type.apiVersion)
        let spec = object["spec"] ?? .object([:])
        request.manager.record(
            in: &object, comparedWith: nil, type: type, subresource: .none, at: store.now())
        if resource == "tokenreviews" {
            let audiences = spec["audiences"]?.arrayValue?.compactMap(\.stringValue) ?? []
            object["status"] = await review(spec["token"]?.stringValue ?? "", audiences: audiences)
        } else {
            var user = APIUser(
                name: spec["user"]?.stringValue ?? "",
                groups: spec["groups"]?.arrayValue?.compactMap(\.stringValue) ?? [])
            if resource == "selfsubjectaccessreviews", let own = await authorizer.user(of: request) { user = own }
            object["status"] = ["allowed": .bool(await authorizer.allows(user, AccessAttributes(spec)))]
        }
        return .json(object, status: 201)
    }

    /// A token dies with the pod that it is bound to.
    private func review(_ token: String, audiences: [String]) async -> JSONValue {
        if let pod = tokens.pod(of: token),
            await store.get(.pods, namespace: pod.namespace, name: pod.name)?.uid != pod.uid
        {
            tokens.revoke(podUID: pod.uid)
            return TokenRegistry.invalidated
        }
        return tokens.review(token, audiences: audiences)
    }

    func answerSubresource(
        _ request: APIRequest, _ path: ResourcePath, _ subresource: String
    ) async throws(APIError) -> APIAnswer {
        let name = path.name ?? ""
        switch (path.type, subresource, request.method) {
        case (.serviceAccounts, "token", "POST"): return try await requestToken(request, path)
        case (.pods, "eviction", "POST"):
            _ = try await store.delete(.pods, namespace: path.namespace, name: name)
            return .json(
                ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201], status: 201)
        case (.pods, "ephemeralcontainers", "GET"): return try await get(path)
        case (.pods, "ephemeralcontainers", "PATCH"):
            return try await patch(request, path, subresource: .ephemeralContainers)
        default: return APIHandler.noSuchPage
        }
    }

    /// TokenRequest: gives out a token of a service account, bound to a pod when the request says so.
    private func requestToken(_ request: APIRequest, _ path: ResourcePath) async throws(APIError) -> APIAnswer {
        let name = path.name ?? ""
        let type = ResourceType(group: "authentication.k8s.io", plural: "tokenrequests", kind: "TokenRequest")
        var object = try RequestBody.object(request, type)
        guard let account = await store.get(.serviceAccounts, namespace: path.namespace, name: name) else {
            throw .notFound(.serviceAccounts, name)
        }
        var subject = TokenRegistry.Subject(
            namespace: path.namespace ?? "", serviceAccount: name, serviceAccountUID: account.uid)
        if let podName = object.at("spec", "boundObjectRef", "name")?.stringValue {
            guard let pod = await store.get(.pods, namespace: path.namespace, name: podName) else {
                throw .notFound(.pods, podName)
            }
            subject.pod = (podName, pod.uid)
            if let node = pod.at("spec", "nodeName")?.stringValue {
                subject.node = (node, await store.get(.nodes, name: node)?.uid ?? "")
            }
        }
        let lifetime = Double(object.at("spec", "expirationSeconds")?.integerValue ?? 3_600)
        let audiences = object.at("spec", "audiences")?.arrayValue?.compactMap(\.stringValue) ?? []
        let token = tokens.issue(subject, audiences: audiences, lifetime: lifetime)
        let expires = store.now().addingTimeInterval(lifetime)
        object["kind"] = .string(type.kind)
        object["apiVersion"] = .string(type.apiVersion)
        object["status"] = ["token": .string(token), "expirationTimestamp": .string(timestamp(expires))]
        return .json(object, status: 201)
    }
}

extension AccessAttributes {
    /// What the spec of a SubjectAccessReview asks about.
    init(_ spec: JSONValue) {
        if let path = spec["nonResourceAttributes"] {
            self.init(verb: path["verb"]?.stringValue ?? "", path: path["path"]?.stringValue)
            return
        }
        let resource = spec["resourceAttributes"] ?? .object([:])
        // Left out and empty are the same.
        func given(_ name: String) -> String? { resource[name]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } }
        self.init(
            verb: resource["verb"]?.stringValue ?? "", group: resource["group"]?.stringValue ?? "",
            resource: resource["resource"]?.stringValue ?? "",
            subresource: resource["subresource"]?.stringValue ?? "",
            namespace: given("namespace"), name: given("name"))
    }
}
