import Foundation
import Shared
import Testing

@testable import Control
@testable import KubernetesClient
@testable import Reporting

extension EndToEndTests {
    private static let taint: JSONValue = [
        "key": "image-puller/not-ready", "value": "true", "effect": "NoSchedule",
    ]
    private static let key = "image-puller/not-ready=true:NoSchedule"

    /// A node that joins with the taint loses it when its images are there, and only then do others' pods run on it;
    /// when one can't be had, after the timeout. With exactly the permissions that are shipped for it.
    @Test func nodesThatJoinWaitForTheirImages() async throws {
        try await TestCluster.simulated(nodes: 2) { cluster in
            try await cluster.create(try TestCluster.shippedPermissions("node-ready-gate.yaml"))
            try await cluster.createApplication()
            let images = [cluster.images[0], cluster.images[1]]
            let gate = ["NODE_READY_TAINT": Self.key, "RETRY_PERMANENT_SECONDS": "1"]
            try await cluster.configure(cluster.data(images, gate))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 2)
            try await eventually("the application is on both nodes") { try await cluster.applicationNodes().count == 2 }

            // While its images can't be had the node is kept back, across a restart of the coordinator.
            let list = images.map { JSONValue.string($0) }
            try await cluster.simulate("PUT", "registries/registry.example.com", ["remove": .array(list)])
            let other: JSONValue = ["key": "other", "effect": "PreferNoSchedule"]
            try await cluster.simulate(
                "POST", "nodes", ["name": "late", "zone": "c", "taints": [other, Self.taint]])
            try await eventually("the node has our pod") {
                try await cluster.pods().contains { $0.spec?.nodeName == "late" && !$0.metadata.name.hasPrefix("app-") }
            }
            try await cluster.stopCoordinator()
            try await cluster.startCoordinator()
            try await eventually("the node is known again") {
                let row = try await cluster.coverage(by: "node").rows.first { $0.name == "late" }
                return row.map { $0.counts.unknown == 0 && $0.counts.present == 0 } ?? false
            }
            #expect(try await cluster.taints("late").count == 2)
            let reached = try await cluster.applicationNodes()
            #expect(!reached.contains("late"))
            let report: NodeReport = try await cluster.query("/api/v1/nodes/late")
            #expect(report.causes.contains { $0.kind == .nodeKeptBack })

            try await cluster.simulate(
                "PUT", "registries/registry.example.com",
                ["images": .array(list.map { ["reference": $0, "megabytes": 2] })])
            try await eventually("the taint goes, and the other stays") {
                try await cluster.taints("late") == [other]
            }
            try await eventually("its images are there") {
                try await cluster.coverage(by: "node").rows.first { $0.name == "late" }?.counts.present == 2
            }
            try await eventually("the application runs there") {
                try await cluster.applicationNodes().contains("late")
            }
            try await eventually("it is told") {
                try await cluster.events().contains {
                    $0.reason == "StartupTaintRemoved" && $0.message?.contains("node late: every listed image") == true
                }
            }

            // One image can't be had.
            try await cluster.configure(
                cluster.data(
                    images + [cluster.absentImage],
                    gate.merging(["NODE_READY_TIMEOUT_SECONDS": "5"]) { $1 }))
            try await cluster.simulate("POST", "nodes", ["name": "later", "taints": [Self.taint]])
            try await eventually("the taint goes after the timeout") {
                try await cluster.client.get(Node.self, "later").spec?.taints?.isEmpty ?? true
            }
            try await eventually("what was missing is told") {
                try await cluster.events().contains {
                    $0.reason == "StartupTaintTimedOut" && $0.message?.contains("node later") == true
                        && $0.message?.contains("image-3") == true
                }
            }
        }
    }

    /// Without the permission that is told once, and nothing else is the worse for it.
    @Test func withoutThePermissionNodesStayKeptBack() async throws {
        try await TestCluster.simulated(nodes: 1) { cluster in
            cluster.expectsRefusals = true
            try await cluster.configure(cluster.data([cluster.images[0]], ["NODE_READY_TAINT": Self.key]))
            try await cluster.startCoordinator()
            try await cluster.simulate("POST", "nodes", ["name": "late", "taints": [Self.taint]])
            try await cluster.untilHeld(images: 1)
            try await eventually("it is tried, and tried again") {
                try await cluster.requests().denied.filter { $0.contains("nodes") }.count >= 2
            }
            #expect(try await cluster.taints("late") == [Self.taint])
            try await eventually("it is told on the ConfigMap") {
                try await cluster.events().contains {
                    $0.reason == "StartupTaintKept" && $0.involvedObject.name == TestCluster.configMapName
                }
            }
            let told = try await cluster.events().filter { $0.reason == "StartupTaintKept" }
            #expect(told.count == 1)
            // Granted, it works without a restart.
            try await cluster.create(try TestCluster.shippedPermissions("node-ready-gate.yaml"))
            try await eventually("the taint goes") { try await cluster.taints("late").isEmpty }
        }
    }
}

extension TestCluster {
    fileprivate func taints(_ node: String) async throws -> [JSONValue] {
        try await client.document(.nodes, node)["spec"]?["taints"]?.arrayValue ?? []
    }

    fileprivate func events() async throws -> [Event] {
        try await client.list(Event.self, Selection(namespace: namespace)).items
    }

    /// Somebody's DaemonSet, which tolerates nothing.
    fileprivate func createApplication() async throws {
        let labels: JSONValue = ["app": "shop"]
        try await client.create(
            [
                "apiVersion": "apps/v1", "kind": "DaemonSet",
                "metadata": ["name": "app", "namespace": .string(namespace)],
                "spec": [
                    "selector": ["matchLabels": labels],
                    "template": [
                        "metadata": ["labels": labels],
                        "spec": ["containers": [["name": "shop", "image": .string(images[3])]]],
                    ],
                ],
            ] as JSONValue, .daemonSets, namespace: namespace)
    }

    /// The nodes that its pods are on.
    fileprivate func applicationNodes() async throws -> Set<String> {
        Set(try await pods().filter { $0.metadata.name.hasPrefix("app-") }.compactMap(\.spec?.nodeName))
    }
}
