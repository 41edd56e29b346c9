import Foundation
import Shared
import Testing
@testable import ConfigurationParsing
@testable import Control
@testable import History
@testable import KubernetesClient
@testable import Reporting

extension EndToEndTests {
    private static let host = "registry.example.com"

    /// Agents are refused, kubelets aren't: everything comes by short-lived pods, with exactly the shipped permissions.
    @Test func credentialsThatOnlyKubeletsHave() async throws {
        try await TestCluster.simulated(kubeletCredential: ["username": "node", "password": "own"]) { cluster in
            try await cluster.simulate(
                "PUT", "registries/\(Self.host)", ["username": "node", "password": "own"])
            try await cluster.configure(cluster.data([cluster.images[0], cluster.images[1]]))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 2, within: 120)
            for name in ["image-1", "image-2"] {
                let report: ImageReport = try await cluster.query("/api/v1/images/\(name)")
                #expect(report.pulledBy == "kubelet")
                // A second node agrees before it is believed, unless no other's agent is there yet: each was tried once.
                #expect(report.failedAttempts.map(\.reason) == ["unauthorized"])
                #expect(report.failedAttempts.allSatisfy { (1...2).contains($0.attempts) }, "\(report.failedAttempts)")
            }
            let rows = try await cluster.coverage().rows
            #expect(rows.map(\.pulledBy) == ["kubelet", "kubelet"])
            try await eventually("the pods are gone") { try await cluster.pullPods().isEmpty }
            #expect(try await cluster.pods().count == 3, "the DaemonSet's")

            // What a coordinator that was killed leaves behind is cleared away.
            try await cluster.simulate("PUT", "registries/\(Self.host)", ["available": false])
            try await cluster.configure(cluster.data([cluster.images[0], cluster.images[1], cluster.images[2]]))
            _ = try await cluster.client.create(
                Self.leftover(in: cluster.namespace), .pods, namespace: cluster.namespace)
            cluster.killCoordinator()
            try await cluster.startCoordinator()
            try await eventually("the leftover is gone") {
                try await !cluster.pods().contains { $0.metadata.name == "leftover" }
            }
            try await cluster.simulate("PUT", "registries/\(Self.host)", ["available": true])
            try await cluster.untilHeld(images: 3, within: 180)
        }
    }

    /// Nobody has credentials: a kubelet is tried once, and the report says so.
    @Test func credentialsThatNobodyHas() async throws {
        try await TestCluster.simulated { cluster in
            // Our own image comes while anybody may pull.
            try await cluster.configure(cluster.data([cluster.images[0]]))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            try await cluster.simulate("PUT", "registries/\(Self.host)", ["username": "node", "password": "own"])
            try await cluster.configure(cluster.data([cluster.images[0], cluster.images[1]]))
            try await eventually("a kubelet was tried, and its answer is told") {
                let report: ImageReport = try await cluster.query("/api/v1/images/image-2")
                for node in report.nodes["failed"] ?? [] {
                    let diagnosis: NodeReport = try await cluster.query("/api/v1/nodes/\(node)")
                    let cause = diagnosis.causes.first { $0.kind == .imageFailing }
                    if cause?.evidence.contains(where: { $0.object.hasPrefix("kubelet of ") }) == true { return true }
                }
                return false
            }
            try await eventually("the pod is gone") { try await cluster.pullPods().isEmpty }
            // Whether pods of each template are admitted was asked, too, without making one.
            let made = try await cluster.requests().writes.filter {
                $0.resource == "pods" && $0.verb == "create" && !$0.isDryRun
            }
            #expect(made.count == 1)
            let report: ImageReport = try await cluster.query("/api/v1/images/image-2")
            #expect(report.pulledBy == "agent")
        }
    }

    private static func leftover(in namespace: String) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "name": "leftover", "namespace": .string(namespace),
                "labels": [
                    "app.kubernetes.io/name": "image-puller-pull",
                    "image-puller/daemonset": .string(TestCluster.daemonSetName), "image-puller/order": "7",
                ],
            ],
            "spec": [
                "nodeName": "n1", "restartPolicy": "Never",
                "containers": [["name": "image", "image": "registry.example.com/app4:1"]],
            ],
        ]
    }
}

extension TestCluster {
    fileprivate func pullPods() async throws -> [Pod] {
        try await pods().filter { $0.metadata.labels["app.kubernetes.io/name"] == "image-puller-pull" }
    }
}
