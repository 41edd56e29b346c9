import Foundation
import Shared
import Testing

@testable import KubernetesClient
@testable import Reporting

extension EndToEndTests {
    /// Two image sets on each node: the agent that works is killed, frozen, and comes back, and the coordinator is killed.
    @Test func anotherAgentOfTheNodeTakesOver() async throws {
        try await TestCluster.simulated { cluster in
            try await cluster.configure(cluster.data([cluster.images[0]]))
            try await cluster.createSet("other", images: [cluster.images[1]], daemonSet: "other")
            var coordinator = try await cluster.startCoordinator()
            try await eventually("both sets' pods run") {
                try await cluster.pods().count { $0.status?.phase == "Running" } == 6
            }
            func agents() throws -> [Int32] { try cluster.agentProcesses(of: "n1") }
            try await eventually("two agents on a node") { try agents().count == 2 }
            try await cluster.untilKnown(within: 30)
            // Which one works shows when it's gone: a kubelet starts it again, and that one stands by.
            for _ in 0..<2 {
                for process in try agents() {
                    kill(process, SIGKILL)
                    try await Task.sleep(for: .seconds(4))
                    try await cluster.untilKnown(within: 30)
                }
                try await eventually("the kubelet has started others", within: 120) { try agents().count == 2 }
            }
            for process in try agents() {
                kill(process, SIGSTOP)
                try await Task.sleep(for: .seconds(4))
                try await cluster.untilKnown(within: 30)
                kill(process, SIGCONT)
            }
            let before = coordinator.log.components(separatedBy: "another agent works").count
            #expect(before > 1)
            coordinator.kill()
            coordinator = try await cluster.startCoordinator()
            try await cluster.untilKnown(within: 60)
        }
    }

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

extension TestCluster {
    /// A further image set, of a ConfigMap of its own.
    func createSet(_ name: String, images: [String], daemonSet: String) async throws {
        let list = images.enumerated().map { "\(name)-\($0.offset + 1)=\($0.element)" }.joined(separator: ";")
        let document: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": [
                "name": .string("set-\(name)"), "namespace": .string(namespace),
                "labels": ["image-puller/set": .string(name)],
            ],
            "data": ["IMAGES": .string(list), "DAEMONSET_NAME": .string(daemonSet)],
        ]
        try await client.create(document, .configMaps, namespace: namespace)
    }

    /// Waits until nothing is unknown, and each node was heard a moment ago.
    func untilKnown(within seconds: Double) async throws {
        try await eventually("all nodes are known", within: seconds) {
            let report = try await self.coverage(by: "node")
            return report.rows.count == 3
                && report.rows.allSatisfy { $0.counts.unknown == 0 && ($0.reportAgeSeconds ?? .infinity) < 2 }
        }
    }
}
