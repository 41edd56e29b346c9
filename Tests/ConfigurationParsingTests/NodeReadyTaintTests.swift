import Cluster
import ImageSets
import Shared
import Testing

@testable import ConfigurationFixtures
@testable import ConfigurationParsing
@testable import Manifests

@Suite("The startup taint") struct NodeReadyTaintTests {
    private func decide(_ taint: String, timeout: String? = nil) -> ConfigurationDecision {
        var data = ["IMAGES": "web=nginx:1.25", "NODE_READY_TAINT": taint]
        data["NODE_READY_TIMEOUT_SECONDS"] = timeout
        return ConfigurationFixtures.decide(data)
    }

    @Test("Key, value and effect; the value may be left out")
    func good() throws {
        let gate = try #require(
            decide("image-puller/not-ready=true:NoSchedule").configuration?.scheduling.nodeReadyGate)
        #expect(gate.taint == Taint(key: "image-puller/not-ready", value: "true", effect: .noSchedule))
        #expect(gate.timeoutSeconds == 600)
        let other = try #require(decide(" a:NoExecute\n", timeout: "30").configuration?.scheduling.nodeReadyGate)
        #expect(other == NodeReadyGate(taint: Taint(key: "a", effect: .noExecute), timeoutSeconds: 30))
        #expect(decide("a=:NoSchedule").configuration?.scheduling.nodeReadyGate?.taint.text == "a:NoSchedule")
        #expect(decide("").configuration?.scheduling.nodeReadyGate == nil)
        #expect(decide("a:PreferNoSchedule").findings.map(\.severity) == [.warning])
    }

    @Test(
        "What is no taint of one's own is rejected, and the next step says what to write",
        arguments: [
            ("a=b", "names no effect"), ("a=b:noschedule", "did you mean NoSchedule?"),
            ("a=b:Never", "after the colon"), (":NoSchedule", "can't be a taint's key"),
            ("a b:NoSchedule", "can't be a taint's key"), ("a=b c:NoSchedule", "can't be a taint's value"),
            ("a=b=c:NoSchedule", "can't be a taint's value"), ("a:NoSchedule,b:NoSchedule", "more than one"),
            ("node.kubernetes.io/not-ready:NoSchedule", "Kubernetes' own"),
        ])
    func bad(_ text: String, _ message: String) {
        let decision = decide(text)
        #expect(decision.isRejected)
        #expect(decision.findings.map(\.key) == ["NODE_READY_TAINT"])
        #expect(decision.texts.joined().contains(message), "\(decision.texts)")
    }

    @Test("The timeout alone has no effect, and says so")
    func timeoutAlone() {
        let decision = ConfigurationFixtures.decide([
            "IMAGES": "web=nginx:1.25", "NODE_READY_TIMEOUT_SECONDS": "30",
        ])
        #expect(decision.texts == ["NODE_READY_TIMEOUT_SECONDS: without NODE_READY_TAINT it has no effect."])
        #expect(!decision.isRejected)
        #expect(decide("a:NoSchedule", timeout: "0").isRejected)
    }

    @Test("The DaemonSet tolerates it by itself, and a node with it is a target")
    func tolerated() throws {
        let configuration = try #require(decide("a=b:NoSchedule").configuration)
        let spec = try DaemonSetManifest(configuration, revision: 1, options: ManifestOptions(serverURL: "https://x:1"))
            .document["spec"]?["template"]?["spec"]
        #expect(
            spec?["tolerations"] == [["key": "a", "operator": "Equal", "value": "b", "effect": "NoSchedule"]])
        var node = NodeView(name: "n", uid: "u")
        node.taints = [Taint(key: "a", value: "b", effect: .noSchedule)]
        #expect(configuration.scheduling.selects(node))
        node.taints = [Taint(key: "a", value: "c", effect: .noSchedule)]
        #expect(!configuration.scheduling.selects(node))
        // Whoever tolerates everything tolerates this too.
        var open = configuration
        open.scheduling.tolerations = [Toleration(operator: .exists)]
        #expect(open.scheduling.podTolerations == open.scheduling.tolerations)
    }
}
