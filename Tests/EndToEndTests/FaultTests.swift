import Foundation
import Shared
import Testing

@testable import Access
@testable import ConfigurationParsing
@testable import Control
@testable import KubernetesClient
@testable import Reporting

extension EndToEndTests {
    @Test func anImageThatDisappearsComesBack() async throws {
        try await TestCluster.simulated { cluster in
            try await cluster.configure(cluster.data([cluster.images[0]]))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            let requests = try await cluster.registryRequests()
            try await cluster.simulate("DELETE", "nodes/n2/images?reference=\(cluster.images[0])")
            try await eventually("it is pulled again") { try await cluster.registryRequests() > requests }
            try await eventually("it is present again") {
                try await cluster.coverage().total.present == 3
            }
        }
    }

    @Test func anOutageIsToldAndEndsByItself() async throws {
        try await TestCluster.simulated { cluster in
            try await cluster.simulate("PUT", "registries/registry.example.com", ["available": false])
            // Our own image must be there already, or no pod starts.
            for node in ["n1", "n2", "n3"] {
                try await cluster.simulate("POST", "nodes/\(node)/images?reference=\(cluster.agentImage)")
            }
            let retry = ["RETRY_INITIAL_SECONDS": "1", "RETRY_MAX_SECONDS": "2"]
            try await cluster.configure(cluster.data([cluster.images[0]], retry))
            try await cluster.startCoordinator()
            try await eventually("the outage is told as such") {
                let failures = try await cluster.coverage().rows.first?.failures.first
                return failures?.reason == "registryUnavailable" && failures?.permanent == false
                    && failures?.cells == 3
            }
            try await cluster.simulate("PUT", "registries/registry.example.com", ["available": true])
            try await cluster.untilHeld(images: 1)
        }
    }

    /// A coordinator that is killed and started again pulls nothing twice and replaces no pod.
    @Test(arguments: ClusterKind.available)
    func aRestartOfTheCoordinatorChangesNothing(_ kind: ClusterKind) async throws {
        try await kind.run(nodes: 3) { cluster in
            try await cluster.configure(cluster.data([cluster.images[0], cluster.images[1]]))
            let first = try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 2)
            let requests = kind == .simulated ? try await cluster.registryRequests() : 0
            let pods = Set(try await cluster.pods().compactMap(\.metadata.uid))
            let revision = try await cluster.configuration().revision
            first.kill()
            // Meanwhile somebody breaks the ConfigMap: what was accepted stays in force.
            try await cluster.configure(cluster.data([], ["IMAGES": "BROKEN"]))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 2)
            try await eventually("the broken ConfigMap is told") {
                try await cluster.configuration().isAccepted == false
            }
            #expect(try await cluster.configuration().revision == revision)
            if kind == .simulated { #expect(try await cluster.registryRequests() == requests) }
            #expect(Set(try await cluster.pods().compactMap(\.metadata.uid)) == pods)
        }
    }

    @Test(arguments: ClusterKind.available)
    func sigtermEndsTheCoordinatorCleanly(_ kind: ClusterKind) async throws {
        try await kind.run { cluster in
            try await cluster.configure(cluster.data([cluster.images[0]]))
            let coordinator = try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            let nodes = try await cluster.coverage().nodes
            #expect(try await coordinator.stop() == 0)
            #expect(try await cluster.pods().count == nodes, "what is cached stays cached")
        }
    }

    @Test func nodesThatJoinAreCoveredAndNodesThatLeaveAreForgotten() async throws {
        try await TestCluster.simulated { cluster in
            try await cluster.configure(cluster.data([cluster.images[0]]))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            try await cluster.simulate("POST", "nodes", ["name": "late", "zone": "c"])
            try await eventually("the new node is covered") {
                let report = try await cluster.coverage(by: "node")
                return report.rows.first { $0.name == "late" }?.counts.held == 1
            }
            try await cluster.simulate("DELETE", "nodes/n1")
            try await eventually("the node that left is forgotten") { try await cluster.coverage().nodes == 3 }
        }
    }
}
