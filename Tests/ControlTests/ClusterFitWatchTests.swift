import Cluster
import ImageSets
import Testing

@testable import ConfigurationParsing
@testable import Control
@testable import ControlFixtures
@testable import Events
@testable import KubernetesClient
@testable import KubernetesFixtures
@testable import Manifests
@testable import Planning
@testable import TestBasics

@Suite("What the nodes make of a configuration") struct ClusterFitWatchTests {
    let options = ManifestOptions(serverURL: "http://127.0.0.1:1")

    func configuration(memory: String = "10Mi") throws -> Configuration {
        var configuration = try Stage.configuration(["web=nginx", "db=redis"])
        configuration.agentImage = "ours.example/agent:1"
        configuration.sleepResources.memoryRequest = memory
        return configuration
    }

    func node(_ name: String, memory: String? = "1Gi", labels: [String: String] = [:]) -> NodeView {
        var node = Stage.node(name, labels: labels)
        node.allocatableMemory = memory
        node.allocatableCPU = "2"
        return node
    }

    @Test("A selector that matches no node is told; no nodes at all aren't")
    func noNode() throws {
        var configuration = try configuration()
        configuration.scheduling.nodeSelector = ["pool": "nowhere"]
        let findings = ClusterFit.findings(for: configuration, nodes: [node("n1")], options: options)
        #expect(findings.map(\.key) == ["NODE_SELECTOR"])
        #expect(findings.first?.description.contains("pool=nowhere") == true)
        #expect(ClusterFit.findings(for: configuration, nodes: [], options: options).isEmpty)
    }

    @Test("Requests beyond every node are told with the numbers, the agent's own among them")
    func tooMuch() throws {
        let configuration = try configuration(memory: "600Mi")
        let nodes = [node("n1"), node("n2", memory: "900Mi")]
        let finding = try #require(ClusterFit.findings(for: configuration, nodes: nodes, options: options).first)
        #expect(finding.key == "CACHING_MEMORY_REQUEST")
        #expect(finding.message.contains("2 × 600Mi + 24Mi for the agent = 1224Mi"))
        #expect(finding.message.contains("n1, has 1Gi"))
        // One that is large enough is enough, and one that doesn't say may be.
        #expect(
            ClusterFit.findings(for: configuration, nodes: nodes + [node("n3", memory: "2Gi")], options: options)
                .isEmpty)
        #expect(
            ClusterFit.findings(for: configuration, nodes: nodes + [node("n3", memory: nil)], options: options).isEmpty)
    }

    @Test("Log and Event hear of another kind of trouble and of edits, not of each node that comes and goes")
    func flood() {
        func finding(_ key: String, _ text: String) -> Finding {
            Finding(severity: .warning, key: key, message: text)
        }
        var news = ClusterFitNews()
        #expect(news.update([], revision: 1).isEmpty)
        #expect(news.update([finding("NODE_SELECTOR", "of 3 nodes")], revision: 1).count == 1)
        #expect(news.update([finding("NODE_SELECTOR", "of 4 nodes")], revision: 1).isEmpty)
        let both = [finding("NODE_SELECTOR", "of 4 nodes"), finding("IMAGES", "x")]
        #expect(news.update(both, revision: 1).map(\.key) == ["IMAGES"])
        #expect(news.update(both, revision: 2).count == 2)
        #expect(news.update([], revision: 2).isEmpty)
        #expect(news.update(both, revision: 2).count == 2)
    }

    @Test("A first pod that doesn't work is told once, and once more when no other is tried")
    func rollOutStops() {
        func trouble(_ pod: String, _ message: String, isFinal: Bool = false) -> Plan.RollOutTrouble {
            Plan.RollOutTrouble(pod: pod, node: "node of \(pod)", message: message, isFinal: isFinal)
        }
        var news = RollOutNews()
        func isNew(_ trouble: Plan.RollOutTrouble) -> Bool { news.isNew(trouble) }
        #expect(isNew(trouble("a", "CrashLoopBackOff")))
        #expect(!isNew(trouble("a", "its containers don't start")))
        #expect(isNew(trouble("b", "CrashLoopBackOff")))
        // The first one's container runs for a moment, so that the second one is named, and so on.
        for _ in 0..<5 {
            #expect(!isNew(trouble("a", "CrashLoopBackOff")))
            #expect(!isNew(trouble("b", "StartError")))
        }
        #expect(isNew(trouble("a", "CrashLoopBackOff", isFinal: true)))
        #expect(!isNew(trouble("a", "StartError", isFinal: true)))
        var refused = trouble("", "violates PodSecurity", isFinal: true)
        refused.node = ""
        #expect(!isNew(refused))
    }

    private func watch(_ stage: Stage, _ board: ConfigurationBoard) -> ClusterFitWatch {
        ClusterFitWatch(
            loop: stage.loop, board: board, options: options,
            configMap: ObjectReference(apiVersion: "v1", kind: "ConfigMap", namespace: "a", name: "b"),
            events: EventRecorder(client: KubernetesClient.patient("http://127.0.0.1:1"), logger: .quiet),
            logger: .quiet, interval: .milliseconds(20))
    }

    @Test("Where no pod of the new template is admitted the status says that the edit has no effect, until one is")
    func notAdmitted() async throws {
        let stage = Stage()
        let board = ConfigurationBoard(configMap: "a/b")
        let watch = watch(stage, board)
        try await stage.run(try configuration(), nodes: [node("n1")]) { stage in
            let watching = Task { await watch.run() }
            defer { watching.cancel() }
            var pod = PodView(name: "p", uid: "u", node: "n1")
            pod.template = "old"
            await stage.loop.replacePods([pod], of: Stage.pods)
            await stage.loop.useTemplate("new", successor: Successor(refusal: "violates PodSecurity"))
            #expect(await soon { board.status.findings.map(\.severity) == ["error"] })
            #expect(board.status.findings.first?.message.contains("violates PodSecurity") == true)
            await stage.loop.useTemplate("old")
            #expect(await soon { board.status.findings.isEmpty })
        }
    }

    @Test("The status follows the nodes")
    func status() async throws {
        let stage = Stage()
        let board = ConfigurationBoard(configMap: "a/b")
        let watch = watch(stage, board)
        var wanted = try configuration()
        wanted.scheduling.nodeSelector = ["pool": "build"]
        let target = node("n2", labels: ["pool": "build"])
        try await stage.run(wanted, nodes: [node("n1")]) { stage in
            let watching = Task { await watch.run() }
            defer { watching.cancel() }
            #expect(await soon { board.status.findings.map(\.key) == ["NODE_SELECTOR"] })
            await stage.loop.update(target)
            #expect(await soon { board.status.findings.isEmpty })
        }
    }
}
