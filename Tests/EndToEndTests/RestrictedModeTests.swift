import Foundation
import Shared
import Testing

@testable import Access
@testable import KubernetesClient
@testable import Reporting

extension EndToEndTests {
    /// Without agents, in a namespace that admits only what the restricted Pod Security Standard allows: kubelets pull,
    /// and a pull that failed is tried again by a new pod.
    @Test func restrictedMode() async throws {
        try await TestCluster.simulated { cluster in
            try await cluster.enforce("restricted")
            let restricted = [
                "RUNTIME_SOCKET": "none", "RETRY_PERMANENT_SECONDS": "1", "RETRY_INITIAL_SECONDS": "1",
                "RETRY_MAX_SECONDS": "1",
            ]
            try await cluster.configure(cluster.data([cluster.images[0], cluster.absentImage], restricted))
            try await cluster.startCoordinator()
            try await eventually("what is there is held, and what isn't is named") {
                let report = try await cluster.coverage()
                guard report.rows.count == 2 else { return false }
                let failed = report.rows[1]
                return report.rows[0].counts.held == 3 && failed.counts.failed == 3
                    && failed.failures.first?.reason == "notFound"
            }
            let report = try await cluster.coverage()
            #expect(report.evidence == .podStatuses)
            #expect(report.table.first?.contains("by pod statuses") == true)
            try await Self.historyOfPods(cluster)
            let before = Set(try await cluster.pods().compactMap(\.metadata.uid))
            #expect(before.count == 3)

            // A kubelet's back-off grows to five minutes; a new pod tries at once.
            try await eventually("every node has a new pod", within: 240) {
                let now = try await cluster.pods().filter { $0.metadata.deletionTimestamp == nil }
                return now.count == 3 && now.allSatisfy { !before.contains($0.metadata.uid ?? "") }
            }
            try await cluster.simulate(
                "PUT", "registries/registry.example.com",
                ["images": [["reference": .string(cluster.absentImage), "megabytes": 2]]])
            try await cluster.untilHeld(images: 2, within: 240)
            #expect(try await cluster.requests().denied == [])
        }
    }

    /// History, the past and the diagnosis say what pod statuses do.
    private static func historyOfPods(_ cluster: TestCluster) async throws {
        let nodes: Set = ["n1", "n2", "n3"]
        // It is written behind what the live report says.
        try await eventually("history has each node's transitions and attempts") {
            let list: TransitionList = try await cluster.query("/api/v1/history?limit=1000")
            let held = list.items.filter { $0.reference == cluster.images[0] && $0.to == "held" }
            let failed = list.items.filter {
                $0.reference == cluster.absentImage && $0.to == "failed" && $0.reason == "notFound"
            }
            let attempts: AttemptList = try await cluster.query("/api/v1/attempts?failed=true&limit=1000")
            let found = [held.map(\.node), failed.map(\.node), attempts.items.map(\.node)]
            return found.allSatisfy { nodes.isSubset(of: $0) }
        }
        let attempts: AttemptList = try await cluster.query("/api/v1/attempts?failed=true&limit=1000")
        // In the words of containerd, and of CRI-O.
        #expect(
            attempts.items.allSatisfy { attempt in
                attempt.reason == "notFound"
                    && ["not found", "manifest unknown"].contains { attempt.message?.contains($0) == true }
            })
        try await eventually("a past moment is as the live report said") {
            let live = try await cluster.coverage(by: "node")
            let past: CoverageReport = try await cluster.query(
                "/api/v1/coverage?by=node&at=\(live.at.replacing(":", with: "%3A"))")
            return past.evidence == .podStatuses && past.rows.map(\.name) == live.rows.map(\.name)
                && past.rows.map(\.counts) == live.rows.map(\.counts)
        }
        let series: CoverageSeries = try await cluster.query("/api/v1/coverage/series?by=all&since=10s%20ago&step=1s")
        #expect(series.points.contains { $0.total.present > 0 })
        let cause = try await cluster.causes("n1").first
        #expect(cause?.kind == .imageFailing && cause?.images == ["image-2"])
        #expect(cause?.evidence.first?.message.contains("not found") == true)
    }

    /// Two sets without agents: the pods of each tell of its images, now and in the past.
    @Test func imageSetsInRestrictedMode() async throws {
        try await TestCluster.simulated { cluster in
            try await cluster.enforce("restricted")
            try await cluster.configure(cluster.data([cluster.images[0]], ["RUNTIME_SOCKET": "none"]))
            // n2 is in zone b.
            try await cluster.createSet(
                "other", images: [cluster.images[1], cluster.absentImage, cluster.images[0]], daemonSet: "other",
                ["NODE_SELECTOR": #"{"topology.kubernetes.io/zone":"b"}"#])
            try await cluster.startCoordinator()
            try await eventually("each set's images are as its pods say", within: 120) {
                let report = try await cluster.coverage(by: "set")
                let counts = Dictionary(report.rows.map { ($0.name, $0.counts) }, uniquingKeysWith: { $1 })
                return counts["default"]?.held == 3 && counts["other"]?.held == 2 && counts["other"]?.failed == 1
                    && report.total.cells == 5 && report.total.held == 4
            }
            let other = try await cluster.causes("n2").first { $0.kind == .imageFailing }
            #expect(other?.images == ["other-2"] && other?.evidence.first?.object.hasPrefix("Pod/other-") == true)
            #expect(try await cluster.causes("n1").isEmpty)
            try await eventually("a past moment is as the live report said") {
                let live = try await cluster.coverage(by: "set")
                let past: CoverageReport = try await cluster.query(
                    "/api/v1/coverage?by=set&at=\(live.at.replacing(":", with: "%3A"))")
                return past.rows.map(\.counts) == live.rows.map(\.counts)
            }
            // A pull that fails before history has heard of the set isn't the set's; its kubelet tries again.
            try await eventually("the set's failed pulls are told", within: 120) {
                let attempts: AttemptList = try await cluster.query("/api/v1/attempts?failed=true&set=other")
                return Set(attempts.items.map(\.node)) == ["n2"]
            }
            try await cluster.client.delete(.configMaps, name: "set-other", namespace: cluster.namespace)
            try await eventually("the set's cells are gone, and nothing else", within: 60) {
                let report = try await cluster.coverage(by: "set")
                return report.rows.map(\.name) == ["default"] && report.total.cells == 3 && report.total.held == 3
            }
        }
    }

    /// With agents the same namespace lets no pod in: it needs the host's sockets.
    @Test func agentsNeedMoreThanTheRestrictedStandard() async throws {
        try await TestCluster.simulated(nodes: 1) { cluster in
            try await cluster.enforce("restricted")
            try await cluster.configure(cluster.data([cluster.images[0]]))
            try await cluster.startCoordinator()
            try await eventually("there is a DaemonSet") { try await cluster.daemonSet() != nil }
            try await Task.sleep(for: .seconds(1))
            #expect(try await cluster.pods().isEmpty)
            try await cluster.enforce("privileged")
            try await cluster.client.mergePatch(
                ["metadata": ["labels": ["nudge": "1"]]], .nodes, name: "n1")
            try await cluster.untilHeld(images: 1)
        }
    }
}

extension TestCluster {
    /// Sets the namespace's Pod Security Standard.
    func enforce(_ level: String) async throws {
        let namespaces = ResourceType(
            group: "", version: "v1", plural: "namespaces", kind: "Namespace", isNamespaced: false)
        try await client.mergePatch(
            ["metadata": ["labels": ["pod-security.kubernetes.io/enforce": .string(level)]]], namespaces,
            name: namespace)
    }
}
