import ClusterModel
import FoundationEssentials
import Shared
import Testing

@testable import ClusterSimulator

/// What can be wrong with a node or an image, as the facts have it.
@Suite struct TroubleTests {
    /// What the node says of its disk, and its first taint.
    private func facts(_ fixture: NodeFixture) async -> (JSONValue?, JSONValue?) {
        let node = await fixture.store.get(.nodes, name: "n1")
        let condition = node?.at("status", "conditions")?.arrayValue?.first { $0["type"] == "DiskPressure" }
        return (condition, node?.at("spec", "taints")?.arrayValue?.first)
    }

    @Test func aDiskThatIsNearlyFullShowsAsPressure() async throws {
        let fixture = try NodeFixture()
        try await fixture.run {
            let node = try #require(await fixture.fleet.node("n1"))
            await node.showPressure()
            #expect(await facts(fixture).0?["reason"] == "KubeletHasNoDiskPressure")
            await fixture.cluster.change { $0.setDisk(usedByOthers: 86_000_000_000, node: "n1") }
            await node.showPressure()
            let (condition, taint) = await facts(fixture)
            #expect(condition?["status"] == "True" && condition?["reason"] == "KubeletHasDiskPressure")
            #expect(condition?["message"] == "kubelet has disk pressure")
            #expect(taint?["key"] == "node.kubernetes.io/disk-pressure" && taint?["effect"] == "NoSchedule")
            await fixture.cluster.change { $0.setDisk(usedByOthers: 84_000_000_000, node: "n1") }
            await node.showPressure()
            #expect(await facts(fixture).0?["status"] == "False")
            #expect(await facts(fixture).1 == nil)
        }
    }

    /// As captured: the image counts as pulled, and the container stays in back-off between its starts.
    @Test func aContainerThatCantStartIsInBackOffWithItsImage() async throws {
        let fixture = try NodeFixture()
        let broken = "registry.example.com/broken:1"
        try await fixture.run {
            let image = ImageScenario(reference: broken, megabytes: 1, startError: "executable file not found in $PATH")
            let reference = try ImageReference(broken)
            await fixture.cluster.change { $0.preload(image.descriptor(reference), as: reference, node: "n1") }
            try await fixture.createPod("p", containers: [NodeFixture.container("c", image: broken)])
            let hasFailed = try await eventually {
                await fixture.status("p", "c")?.at("state", "waiting", "reason") == "CrashLoopBackOff"
            }
            #expect(hasFailed)
            let status = await fixture.status("p", "c")
            #expect(status?["imageID"]?.stringValue?.isEmpty == false && status?["started"] == false)
            let end = status?.at("lastState", "terminated")
            #expect(end?["reason"] == "StartError" && end?["exitCode"] == 128)
            #expect(end?["message"] == "executable file not found in $PATH")
        }
    }

    @Test func tokensOfANodeCanBeWorthless() {
        let tokens = TokenRegistry()
        var subject = TokenRegistry.Subject(namespace: "n", serviceAccount: "s", serviceAccountUID: "u")
        subject.node = ("n1", "uid")
        let token = tokens.issue(subject)
        #expect(tokens.review(token, audiences: [])["authenticated"] == true)
        tokens.invalidate(node: "n1")
        #expect(tokens.review(token, audiences: []) == TokenRegistry.invalidated)
        #expect(tokens.review(tokens.issue(subject), audiences: []) == TokenRegistry.invalidated)
    }

    /// Permissions alone keep nobody out who is root.
    @Test func aSocketCanBeForbiddenToAgents() async throws {
        let fixture = try NodeFixture(agent: "sleep 60")
        try await fixture.run {
            try await fixture.fleet.add(NodeScenario(name: "n2", deniesSocket: true))
            let path = fixture.directory + "/n2" + RuntimeFlavour.containerd16.socket
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode.map { $0 & 0o777 } == 0)
        }
    }
}
