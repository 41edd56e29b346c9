import Foundation
import Logging
import Shared
import Testing

@testable import KubernetesClient

extension EndToEndTests {
    /// The coordinator's service account has the permissions that are shipped, and needs no other.
    @Test func mainJobWithExactlyTheShippedPermissions() async throws {
        try await TestCluster.simulated { cluster in
            cluster.coordinatorOptions = ["--leader-elect"]
            try await Self.mainJob(cluster)
            let requests = try await cluster.requests()
            #expect(requests.denied == [])
            // It was asked in the service account's name, not in the test's.
            for resource in ["daemonsets", "leases", "events"] {
                #expect(requests.writes.contains { $0.user == TestCluster.account && $0.resource == resource })
            }
        }
    }

    @Test func whatIsNotShippedIsRefused() async throws {
        try await TestCluster.simulated(nodes: 1) { cluster in
            cluster.expectsRefusals = true
            var logger = Logger(label: "e2e")
            logger.logLevel = .critical
            let access = try ClusterAccess.load(
                kubeconfig: try await cluster.kubeconfig(ofServiceAccount: "k8s-image-puller"))
            let client = KubernetesClient(access: access, logger: logger)
            let own = cluster.namespace
            let empty: JSONValue = ["metadata": ["name": "x"]]
            let attempts: [@Sendable () async throws -> Void] = [
                { _ = try await client.list(Secret.self, Selection(namespace: own)) },
                { _ = try await client.get(Secret.self, "other", namespace: own) },
                { _ = try await client.list(ConfigMap.self, Selection(namespace: "default")) },
                { try await client.delete(.configMaps, name: "k8s-image-puller", namespace: "default") },
                { try await client.mergePatch(empty, .configMaps, name: "other", namespace: own) },
                { try await client.create(empty, .pods, namespace: "default") },
                { _ = try await client.list(Pod.self) },
                { try await client.mergePatch(empty, .nodes, name: "n1") },
                { try await client.replace(empty, .leases, name: "other", namespace: own) },
                { try await client.create(empty, .events, namespace: "default") },
            ]
            for (number, attempt) in attempts.enumerated() {
                await #expect("attempt \(number)") {
                    try await attempt()
                } throws: {
                    ($0 as? KubernetesError)?.status == 403
                }
            }
            #expect(try await cluster.requests().denied.count == attempts.count)
            // What is shipped is granted.
            _ = try await client.list(Node.self)
            // Prefetches are ConfigMaps of its own namespace, of names that nobody knows before.
            _ = try await client.list(ConfigMap.self, Selection(namespace: own))
            #expect(try await client.find(Secret.self, "kubernetes-image-puller-tls", namespace: own) == nil)
        }
    }
}
