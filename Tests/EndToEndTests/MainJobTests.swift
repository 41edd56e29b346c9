import Foundation
import Shared
import Testing

@testable import Access
@testable import ConfigurationParsing
@testable import KubernetesClient
@testable import Manifests
@testable import Reporting

extension EndToEndTests {
    /// What must work on every cluster: the same steps run on the simulator and on a real one.
    static func mainJob(_ cluster: TestCluster) async throws {
        try await cluster.configure(cluster.data([cluster.images[0], cluster.absentImage]))
        try await cluster.startCoordinator()
        try await eventually("all that can be held is held, and what can't is named", within: 300) {
            let report = try await cluster.coverage()
            guard report.rows.count == 2 else { return false }
            let counts = report.rows[0].counts
            return counts.cells > 0 && counts.held == counts.cells
                && report.rows[1].failures.first.map { $0.reason == "notFound" && $0.permanent } == true
        }
        let nodes = try await cluster.coverage().nodes
        #expect(try await cluster.coverage(by: "node").rows.count == nodes)

        // Another image is pulled and held; the list keeps its order, and the pods follow.
        try await cluster.configure(cluster.data([cluster.images[0], cluster.images[1]]))
        try await cluster.untilHeld(images: 2)
        try await eventually("the pods are those of the new template", within: 120) {
            let template = try await cluster.daemonSet()?.spec?.template?.metadata?.annotations[
                PodNames.templateAnnotation]
            let pods = try await cluster.pods().filter { $0.metadata.deletionTimestamp == nil }
            return pods.count == nodes
                && pods.allSatisfy { $0.metadata.annotations[PodNames.templateAnnotation] == template }
        }

        // Deleted by hand, the DaemonSet is back, and so is what it holds.
        let uid = try #require(try await cluster.daemonSet()?.metadata.uid)
        try await cluster.client.delete(
            .daemonSets, name: TestCluster.daemonSetName, namespace: cluster.namespace,
            options: .init(uid: uid, propagation: .background))
        try await eventually("the DaemonSet is restored") {
            guard let restored = try await cluster.daemonSet() else { return false }
            return restored.metadata.uid != uid && restored.metadata.deletionTimestamp == nil
        }
        try await cluster.untilHeld(images: 2)

        // An edit that can't be meant changes nothing.
        let before = try #require(try await cluster.daemonSet()?.spec)
        try await cluster.configure(cluster.data([], ["IMAGES": "image-1=\(cluster.images[0]),image-2=x"]))
        try await eventually("the edit is rejected") { try await cluster.configuration().isAccepted == false }
        #expect(try await cluster.daemonSet()?.spec == before)
        #expect(try await cluster.coverage().images == 2)
    }
}

/// The product as a whole: real programs, real HTTP, real files.
@Suite(.serialized) struct EndToEndTests {
    @Test func mainJobOnTheSimulator() async throws {
        try await TestCluster.simulated { try await Self.mainJob($0) }
    }

    @Test(
        .enabled(
            if: ClusterKind.hasRealCluster,
            "set KUBECONFIG and E2E_IMAGE to run it, and all tests of \"simulated\", on a real cluster too"))
    func mainJobOnARealCluster() async throws {
        try await TestCluster.real { try await Self.mainJob($0) }
    }
}
