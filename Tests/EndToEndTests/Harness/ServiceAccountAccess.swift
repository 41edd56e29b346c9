import Foundation
import Shared
import Yams

@testable import KubernetesClient

/// What the simulator's API server was asked: `GET /simulator/v1/requests`.
struct APIRequests: Decodable {
    struct Write: Decodable {
        var user: String
        var verb: String
        var resource: String
        var name: String?
        var isDryRun: Bool
    }

    /// By `verb resource`.
    var counts: [String: Int]
    /// The messages of 403 answers.
    var denied: [String]
    var writes: [Write]
}

extension TestCluster {
    /// The permissions that are shipped, as Kubernetes objects.
    static func shippedPermissions(_ file: String = "rbac.yaml") throws -> [JSONValue] {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(
            contentsOf: repository.appendingPathComponent("deploy/kustomize/\(file)"), encoding: .utf8)
        return try Yams.load_all(yaml: text).map { document in
            let data = try JSONSerialization.data(withJSONObject: document)
            return try JSONDecoder().decode(JSONValue.self, from: data)
        }
    }

    /// Creates objects of access control.
    func create(_ objects: [JSONValue]) async throws {
        for object in objects {
            let kind = object["kind"]?.stringValue ?? ""
            let type = ResourceType(
                group: kind == "ServiceAccount" ? "" : "rbac.authorization.k8s.io", version: "v1",
                plural: kind.lowercased() + "s", kind: kind, isNamespaced: !kind.hasPrefix("Cluster"))
            try await client.create(object, type, namespace: object["metadata"]?["namespace"]?.stringValue)
        }
    }

    /// A service account that may do everything, for tests that tell coordinators apart.
    func createAdministrator(_ name: String) async throws {
        try await create([
            [
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": ["name": .string(name), "namespace": .string(namespace)],
            ],
            [
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                "metadata": ["name": .string(name)],
                "rules": [["apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]]],
            ],
            [
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                "metadata": ["name": .string(name)],
                "roleRef": ["kind": "ClusterRole", "name": .string(name)],
                "subjects": [["kind": "ServiceAccount", "name": .string(name), "namespace": .string(namespace)]],
            ],
        ])
    }

    /// A kubeconfig by which its user is a service account.
    func kubeconfig(ofServiceAccount name: String) async throws -> String {
        let api = api ?? ""
        var request = HTTPRequest("POST", "\(api)/api/v1/namespaces/\(namespace)/serviceaccounts/\(name)/token")
        request.headers["Content-Type"] = "application/json"
        request.body = Array(#"{"spec":{"expirationSeconds":86400}}"#.utf8)
        let response = try await HTTPClient().send(request)
        let answer = try JSONDecoder().decode(JSONValue.self, from: Data(response.body))
        guard let token = answer["status"]?["token"]?.stringValue else {
            throw NeverHappened(description: "no token: \(answer)")
        }
        let text = """
            apiVersion: v1
            kind: Config
            current-context: c
            clusters: [{name: c, cluster: {server: "\(api)"}}]
            contexts: [{name: c, context: {cluster: c, user: u}}]
            users: [{name: u, user: {token: "\(token)"}}]
            """
        let file = folder.appendingPathComponent("kubeconfig-\(name)")
        try Data(text.utf8).write(to: file)
        return file.path
    }

    /// What the API server was asked so far.
    func requests() async throws -> APIRequests {
        let response = try await HTTPClient().send(HTTPRequest("GET", (api ?? "") + "/simulator/v1/requests"))
        return try JSONDecoder().decode(APIRequests.self, from: Data(response.body))
    }
}
