import Foundation
import Shared
import Testing

@testable import Access
@testable import KubernetesClient
@testable import KubernetesFixtures
@testable import TestBasics

extension EndToEndTests {
    /// What people see with `kubectl describe`: of the ConfigMap, of the DaemonSet, and of nodes where that is granted.
    /// Repetitions count up, and what is refused stops nothing.
    @Test(arguments: [true, false]) func eventsAreWritten(_ isGranted: Bool) async throws {
        try await TestCluster.simulated(nodes: 2) { cluster in
            if isGranted { try await cluster.create(Self.nodeEventPermissions) }
            cluster.expectsRefusals = !isGranted
            cluster.coordinatorOptions = ["--node-events"]
            let hasty = ["RETRY_INITIAL_SECONDS": "1", "RETRY_MAX_SECONDS": "2", "ALERT_AFTER_SECONDS": "60"]
            try await cluster.configure(cluster.data([cluster.images[0]], hasty))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)

            // Twice an image is away from every node while its registry is down, and comes back.
            for time in 1...2 {
                try await cluster.simulate("PUT", "registries/registry.example.com", ["available": false])
                if time == 1 {
                    try await cluster.configure(cluster.data([cluster.images[0], cluster.images[1]], hasty))
                } else {
                    for node in ["n1", "n2"] {
                        try await cluster.simulate("DELETE", "nodes/\(node)/images?reference=\(cluster.images[1])")
                    }
                }
                try await cluster.untilEvent("ImageFailing", about: "DaemonSet", happened: time)
                try await cluster.simulate("PUT", "registries/registry.example.com", ["available": true])
                try await cluster.untilHeld(images: 2)
                try await cluster.untilEvent("ImageCached", about: "DaemonSet", happened: time)
                guard isGranted else { continue }
                try await cluster.untilEvent("ImagesCached", about: "Node", in: "default", happened: time)
            }
            let failing = try #require(
                try await cluster.events("ImageFailing", about: "DaemonSet").first { $0["series"] != nil })
            #expect(failing["type"] == "Warning")
            #expect(failing["note"]?.stringValue?.contains("registryUnavailable") == true)
            let uid = try #require(try await cluster.daemonSet()?.metadata.uid)
            #expect(failing["regarding"]?["uid"]?.stringValue == uid, "kubectl describe looks for the uid")
            try await eventually("each node is told of, where that is granted") {
                let nodes = try await cluster.events("ImagesCached", about: "Node", in: "default")
                return Set(nodes.compactMap { $0["regarding"]?["name"]?.stringValue })
                    == (isGranted ? ["n1", "n2"] : [])
            }
            if !isGranted {
                try await eventually("the refusal is met") {
                    try await cluster.requests().denied.contains { $0.contains("events") }
                }
            }

            // An edit that isn't taken.
            try await cluster.configure(cluster.data([], ["IMAGES": "BROKEN"]))
            try await eventually("the edit is told as rejected") {
                try await cluster.events(nil, about: "ConfigMap").contains { $0["type"] == "Warning" }
            }
        }
    }

    /// As the chart's `rbac.nodeEvents` grants them: Events about what has no namespace stand in `default`.
    private static var nodeEventPermissions: [JSONValue] {
        let metadata: JSONValue = ["name": "node-events", "namespace": "default"]
        return [
            [
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata,
                "rules": [["apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]]],
            ],
            [
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata,
                "roleRef": ["kind": "Role", "name": "node-events"],
                "subjects": [
                    ["kind": "ServiceAccount", "name": "k8s-image-puller", "namespace": "k8s-image-puller"]
                ],
            ],
        ]
    }
}

extension TestCluster {
    /// Waits for an Event that says that something happened so often.
    func untilEvent(_ reason: String, about kind: String, in namespace: String? = nil, happened times: Int) async throws
    {
        try await eventually("\(reason) is told for the \(times). time") {
            try await self.events(reason, about: kind, in: namespace).contains { event in
                (event["series"]?["count"]?.integerValue ?? 1) >= Int64(times)
            }
        }
    }

    /// Events as `events.k8s.io/v1` has them.
    ///
    /// - Parameter reason: nil: any.
    func events(_ reason: String?, about kind: String, in namespace: String? = nil) async throws -> [JSONValue] {
        let path = "/apis/events.k8s.io/v1/namespaces/\(namespace ?? self.namespace)/events"
        let response = try await HTTPClient().send(HTTPRequest("GET", (api ?? "") + path))
        let list = try JSONDecoder().decode(JSONValue.self, from: Data(response.body))
        return (list["items"]?.arrayValue ?? []).filter { event in
            event["regarding"]?["kind"]?.stringValue == kind
                && (reason == nil || event["reason"]?.stringValue == reason)
        }
    }
}
