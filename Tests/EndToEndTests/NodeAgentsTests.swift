import Foundation
import Shared
import Testing

@testable import KubernetesClient
@testable import Reporting

extension EndToEndTests {
    /// For a while each node has two pods of ours, and one agent of them works at each moment.
    @Test func noNodeIsUnknownWhileTheDaemonSetMoves() async throws {
        try await TestCluster.simulated { cluster in
            // A node is believed for six seconds.
            let interval = ["REPORT_INTERVAL_SECONDS": "2"]
            try await cluster.configure(cluster.data([cluster.images[0]], interval))
            let coordinator = try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            var unknown: [Int] = []
            try await cluster.configure(
                cluster.data([cluster.images[0]], interval.merging(["DAEMONSET_NAME": "renamed"]) { $1 }))
            try await eventually("the old one goes, and its pods", within: 120) {
                unknown.append(try await cluster.coverage().total.unknown)
                guard try await cluster.daemonSet() == nil else { return false }
                return try await cluster.pods().allSatisfy { $0.metadata.name.hasPrefix("renamed-") }
            }
            let settled = ContinuousClock.now + .seconds(8)
            while ContinuousClock.now < settled {
                unknown.append(try await cluster.coverage().total.unknown)
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(unknown.count > 50)
            #expect(unknown.allSatisfy { $0 == 0 }, "\(unknown)")
            try await cluster.untilHeld(images: 1)
            #expect(coordinator.log.components(separatedBy: "another agent works on a node").count == 4, "once a node")
        }
    }
}
