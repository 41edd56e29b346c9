import Cluster
import Foundation
import ImageSets
import Planning
import Shared
import Testing

@testable import ConfigurationParsing
@testable import Control
@testable import KubernetesClient
@testable import Manifests
@testable import Reporting

extension EndToEndTests {
    /// Every cause where it is the true one: the cluster is so, and the diagnosis says it first, with evidence.
    @Test(.timeLimit(.minutes(5))) func everyCauseIsNamedWhereItIsTrue() async throws {
        try await TestCluster.simulated(adjust: DiagnosisScenery.adjust) { cluster in
            try await DiagnosisScenery.begin(cluster)
            let large = [
                "CACHING_MEMORY_REQUEST": "100Mi", "CACHING_MEMORY_LIMIT": "200Mi", "CACHING_CPU_REQUEST": "100m",
            ]
            try await cluster.configure(DiagnosisScenery.data(cluster, DiagnosisScenery.good, large))
            try await cluster.startCoordinator()
            try await cluster.untilCovered(["a1", "b1", "c1", "cordoned", "down", "frozen", "leaving", "brimful"])
            try await Self.nodesAndPods(cluster)
            try await Self.agents(cluster)
            try await Self.failures(cluster)
            try await Self.holding(cluster)
            try await Self.pods(cluster)
        }
    }

    private static func nodesAndPods(_ cluster: TestCluster) async throws {
        try await cluster.simulate("DELETE", "nodes/leaving")
        try await cluster.names(.nodeGone, "leaving", "it was a target node until then")
        try await cluster.names(.nodeCordoned, "cordoned", "true")
        try await cluster.names(.notSelected, "other", #""b", and NODE_SELECTOR wants "a""#)
        try await cluster.names(.notSelected, "hdd", "AFFINITY")
        try await cluster.names(.notSelected, "tainted", "gpu=a100:NoSchedule isn't tolerated")
        try await cluster.names(
            .podNotScheduled, "lowmem", "0/16 nodes are available: 1 Insufficient memory. preemption: ")
        try await cluster.names(.podNotScheduled, "lowcpu", "0/16 nodes are available: 1 Insufficient cpu.")
        try await cluster.names(.diskPressure, "full", "True, KubeletHasDiskPressure, kubelet has disk pressure")
        let (status, text) = try await RunningProgram.run(.coordinator, ["node", "lowmem", "--server", cluster.server])
        #expect(status == 1 && text.contains("1. the node hasn't enough memory left for our pod"), "\(text)")
        #expect(text.contains("next step: lower CACHING_MEMORY_REQUEST"), "\(text)")
    }

    private static func agents(_ cluster: TestCluster) async throws {
        try await cluster.simulate("PUT", "nodes/frozen", ["agentFrozen": true])
        try await cluster.simulate("PUT", "nodes/down", ["ready": false])
        try await cluster.names(.agentRefused, "refused", "invalidToken")
        try await cluster.names(
            .runtimeUnreachable, "elsewhere", "none of the runtime sockets exists: /")
        try await cluster.names(.runtimeUnreachable, "denied", "Permission denied")
        try await cluster.names(.agentSilent, "frozen", " ago")
        // The deepest comes first, and what follows from it is told too.
        try await cluster.names(
            .nodeNotReady, "down", "Unknown, NodeStatusUnknown, Kubelet stopped posting node status.")
        try await eventually("the silence of the node that is down is told after that") {
            try await cluster.causes("down").map(\.kind) == [.nodeNotReady, .agentSilent]
        }
        try await cluster.simulate("PUT", "nodes/frozen", ["agentFrozen": false, "unschedulable": true])
        try await eventually("the agent is heard again") {
            try await cluster.causes("frozen").map(\.kind) == [.nodeCordoned]
        }
    }

    /// Images that fail, each for its own reason.
    private static func failures(_ cluster: TestCluster) async throws {
        let failing = DiagnosisScenery.failing
        let images = DiagnosisScenery.good + failing.map(\.reference)
        let hasty = [
            "PULL_TIMEOUT_SECONDS": "5", "RETRY_INITIAL_SECONDS": "5", "RETRY_MAX_SECONDS": "10",
            "CACHING_MEMORY_LIMIT": "20Mi",
        ]
        // The planner starts no pull that wouldn't fit. This is a disk that says that it has room.
        try await cluster.simulate("PUT", "nodes/brimful/faults", ["store": "full"])
        try await cluster.configure(DiagnosisScenery.data(cluster, images, hasty))
        var open = failing
        do {
            try await eventually("every failure is named by its reason, first on a node that has it", within: 60) {
                for node in ["a1", "b1", "c1", "brimful"] {
                    let causes = try await cluster.causes(node)
                    // While its pod is being replaced, that comes first.
                    guard causes.first?.kind == .imageFailing else { continue }
                    for cause in causes where cause.kind == .imageFailing {
                        #expect(!cause.nextStep.isEmpty && cause.planned != nil)
                        open.removeAll { entry in
                            let name = "image-\((images.firstIndex(of: entry.reference) ?? 0) + 1)"
                            return cause.images == [name] && cause.summary.contains(entry.reason.rawValue)
                                && cause.evidence.first?.message.contains(entry.words) == true
                        }
                    }
                }
                return open.isEmpty
            }
        } catch {
            Issue.record("\(error): \(open)")
        }
        try await cluster.simulate("DELETE", "nodes/brimful/faults")
        // A reference that one node has shown to be broken: the others wait for that node.
        try await eventually("a node waits for the one that tries first") {
            for node in ["a1", "b1", "c1"] {
                let waiting = try await cluster.causes(node).filter { $0.kind == .waiting }
                if waiting.contains(where: { $0.summary.contains("(notFound)") }) { return true }
            }
            return false
        }
    }

    /// Present, but not held; and a tag that moved.
    private static func holding(_ cluster: TestCluster) async throws {
        let images = DiagnosisScenery.good + [DiagnosisScenery.unstartable]
        let little = ["CACHING_MEMORY_REQUEST": "1Mi"]
        try await cluster.configure(DiagnosisScenery.data(cluster, images, little))
        try await cluster.names(.notHeld, "b1", "CrashLoopBackOff: back-off ")
        // What was asked for has helped: the pods fit as the new template has them.
        try await cluster.untilCovered(["lowmem", "lowcpu"])

        try await cluster.configure(DiagnosisScenery.data(cluster, DiagnosisScenery.good, little))
        try await eventually("all is well again, in a pod of the new template") {
            let template = try await cluster.daemonSet()?.spec?.template?.metadata?.annotations[
                PodNames.templateAnnotation]
            let pods = try await cluster.pods().filter {
                $0.spec?.nodeName == "c1" && $0.metadata.annotations[PodNames.templateAnnotation] == template
            }
            let causes = try await cluster.causes("c1")
            return pods.count == 1 && causes.isEmpty
        }
        // While the registry is away the planner can't bring the nodes together again.
        let app = DiagnosisScenery.good[0]
        try await cluster.simulate(
            "PUT", "registries/\(DiagnosisScenery.host)",
            ["available": false, "images": [["reference": .string(app), "megabytes": 2, "version": "2"]]])
        try await cluster.simulate("POST", "nodes/c1/images?reference=\(app)")
        // The pod that still holds what the tag meant before is replaced.
        let moved = try await cluster.names(.tagMoved, "c1", "sha256:")
        #expect(Set(moved?.evidence.map(\.message) ?? []).count == 2)
        try await cluster.simulate("PUT", "registries/\(DiagnosisScenery.host)", ["available": true])
        // One node's word isn't the tag's new meaning, for it may be its mirror's: it asks once, and the others when it is
        // time, or when somebody wants to have the newest image now.
        try await eventually("c1 has asked") {
            try await cluster.causes("c1").allSatisfy {
                $0.kind != .tagMoved || $0.planned?.contains("asks again after the next check") == true
            }
        }
        let (status, text) = try await RunningProgram.run(
            .coordinator, ["pull", "image-1", "--server", cluster.server])
        #expect(status == 0, "\(text)")
        try await eventually("all nodes have what the tag means now") {
            for node in ["a1", "b1", "c1"] where try await !cluster.causes(node).isEmpty { return false }
            return true
        }
    }

    /// Pulls that wait, and pods that aren't there or don't run.
    private static func pods(_ cluster: TestCluster) async throws {
        let one = ["CACHING_MEMORY_REQUEST": "1Mi", "PULL_MAX_PARALLEL": "1"]
        try await cluster.configure(DiagnosisScenery.data(cluster, DiagnosisScenery.good, one))
        try await cluster.simulate("PUT", "registries/\(DiagnosisScenery.host)", ["megabitsPerSecond": .number(0.2)])
        for node in ["a1", "b1"] {
            try await cluster.simulate("DELETE", "nodes/\(node)/images?reference=\(DiagnosisScenery.good[1])")
        }
        try await eventually("one node pulls, the other waits for its turn") {
            let first = try await [cluster.causes("a1").first, cluster.causes("b1").first].compactMap { $0 }
            return Set(first.map(\.kind)) == [.pulling, .waiting]
                && first.contains { $0.evidence.contains { $0.message == "1 of 1 (PULL_MAX_PARALLEL)" } }
        }
        try await cluster.simulate("PUT", "registries/\(DiagnosisScenery.host)", ["megabitsPerSecond": 1000])
        try await cluster.untilCovered(["a1", "b1"])

        try await cluster.simulate("PUT", "registries/\(DiagnosisScenery.host)", ["available": false])
        try await cluster.simulate("POST", "nodes", ["name": "late", "labels": ["pool": "a"]])
        try await cluster.names(.podNotRunning, "late", "ImagePullBackOff: Back-off pulling image")
        try await cluster.enforce("restricted")
        try await cluster.deletePod(on: "b1")
        let cause = try await cluster.names(.noPod, "b1", "none is on b1")
        #expect(cause?.nextStep.contains("kubectl describe daemonset") == true)
    }
}

extension TestCluster {
    func causes(_ node: String) async throws -> [Cause] {
        try await (query("/api/v1/nodes/\(node)") as NodeReport).causes
    }

    /// Waits until a node's first cause is of a kind, with evidence that holds these words.
    @discardableResult
    func names(
        _ kind: Cause.Kind, _ node: String, _ words: String, _ location: SourceLocation = #_sourceLocation
    ) async throws -> Cause? {
        var first: Cause?
        do {
            try await eventually("\(kind) is the first cause of \(node)") {
                first = try await self.causes(node).first
                return first?.kind == kind && first?.evidence.contains { $0.message.contains(words) } == true
            }
        } catch {
            Issue.record("\(error); the first is \(String(describing: first))", sourceLocation: location)
        }
        return first
    }

    /// Waits until nodes hold every image.
    func untilCovered(_ nodes: [String]) async throws {
        try await eventually("\(nodes) are covered") {
            let rows = try await self.coverage(by: "node").rows.filter { nodes.contains($0.name) }
            return rows.count == nodes.count
                && rows.allSatisfy { $0.counts.cells > 0 && $0.counts.present == $0.counts.cells }
        }
    }

    func deletePod(on node: String) async throws {
        for pod in try await pods() where pod.spec?.nodeName == node {
            try await client.delete(.pods, name: pod.metadata.name, namespace: namespace)
        }
    }
}
