import Shared
import Testing

@testable import ClusterSimulator

@Suite("Whether a node has room for a DaemonSet's pod") struct PlacementTests {
    private static func node(_ name: String, cpu: String, memory: String) -> JSONValue {
        var node = APIFixture.node(name)
        node.set("status", "allocatable", to: ["cpu": .string(cpu), "memory": .string(memory)])
        return node
    }

    private static func pod(_ cpu: String, _ memory: String, on node: String? = nil) -> JSONValue {
        let requests: JSONValue = ["requests": ["cpu": .string(cpu), "memory": .string(memory)]]
        var pod: JSONValue = ["spec": ["containers": [["name": "c", "resources": requests]]]]
        pod.set("spec", "nodeName", to: node.map(JSONValue.string))
        return pod
    }

    @Test func whatIsThereAlreadyCounts() {
        let nodes = [Self.node("a", cpu: "1", memory: "1Gi"), Self.node("b", cpu: "100m", memory: "64Mi")]
        var placement = Placement(nodes: nodes, pods: [Self.pod("600m", "512Mi", on: "a")])
        #expect(placement.refusal(of: Self.pod("400m", "512Mi"), on: "a") == nil)
        placement.take(Self.pod("400m", "512Mi"), on: "a")
        #expect(
            placement.refusal(of: Self.pod("1m", "1Ki"), on: "a")
                == "0/2 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. preemption: 0/2 nodes are "
                + "available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling."
        )
        #expect(placement.refusal(of: Self.pod("0.1", "65000Ki"), on: "b") == nil)
        #expect(placement.refusal(of: Self.pod("0.1", "65Mi"), on: "b")?.contains("1 Insufficient memory.") == true)
        #expect(placement.refusal(of: Self.pod("9", "9Ti"), on: "unknown") == nil)
    }

    /// A pod that doesn't fit waits, says why, and is placed when there is room.
    @Test func aPodWaitsForRoom() async throws {
        let api = try await APIFixture()
        let controller = DaemonSetController(store: api.store)
        try await api.store.create(.nodes, object: Self.node("a", cpu: "1", memory: "64Mi"))
        var set = APIFixture.daemonSet("d1")
        set.set(
            "spec", "template", "spec", "containers",
            to: [["name": "c", "image": "i", "resources": ["requests": ["memory": "65Mi"]]]])
        try await api.store.create(.daemonSets, namespace: "facts", object: set)
        await controller.reconcile()
        await controller.reconcile()
        let pods = await api.store.list(.pods).items
        #expect(pods.count == 1 && pods[0].at("spec", "nodeName") == nil && pods[0].intendedNode == "a")
        let condition = pods[0].at("status", "conditions")?.arrayValue?.first
        #expect(condition?["type"] == "PodScheduled" && condition?["status"] == "False")
        #expect(condition?["reason"] == "Unschedulable")
        #expect(
            condition?["message"]?.stringValue?.hasPrefix("0/1 nodes are available: 1 Insufficient memory.") == true)
        let status = await api.store.get(.daemonSets, namespace: "facts", name: "d1")?["status"]
        #expect(status?["desiredNumberScheduled"] == 1 && status?["numberReady"] == 0)

        try await api.store.mutate(.nodes, name: "a", subresource: .status) {
            $0.set("status", "allocatable", "memory", to: "65Mi")
        }
        await controller.reconcile()
        #expect(await api.store.list(.pods).items.first?.at("spec", "nodeName") == "a")
    }
}
