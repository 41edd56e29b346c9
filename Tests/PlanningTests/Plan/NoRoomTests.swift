import Cluster
import PlannedCluster
import Planning
import Shared
import Testing

@Suite("Nodes that the platform keeps our pod away from") struct NoRoomTests {
    /// Twenty nodes that have everything, eight of them without a pod since long before the edit.
    private func desk(_ lose: (inout PlanDesk, String) -> Void) throws -> PlanDesk {
        var desk = try PlanDesk("nginx", nodes: 20)
        desk.adopt()
        desk.reportAll(.listed("nginx"))
        for name in desk.cluster.nodes.keys { desk.pod(name, template: "old") }
        desk.template = "old"
        _ = desk.step()
        for number in 13...20 {
            desk.cluster.pods["p-n\(number)"] = nil
            lose(&desk, "n\(number)")
        }
        _ = desk.step()
        for _ in 0..<30 {
            desk.desk.pass(seconds: 10)
            desk.reportAll(.listed("nginx"))
            _ = desk.step()
        }
        desk.template = "new"
        desk.pod("n2", template: "new")
        desk.reportAll(.listed("nginx"))
        return desk
    }

    @Test(
        "Where no pod can be made, places are free after the time that one may take, and the roll-out elsewhere goes on"
    )
    func quota() throws {
        var desk = try desk { _, _ in }
        _ = desk.step()
        desk.wait(RollOutBook().patience + 1)
        #expect(desk.step().replacements.map(\.node) == ["n1", "n10", "n11"])
    }

    @Test("Where the scheduler finds no room, none takes a place, and the roll-out elsewhere goes on")
    func tooManyPods() throws {
        var desk = try desk { desk, node in
            var pod = PodView(name: "w-\(node)", uid: "w-\(node)", node: node)
            pod.template = "old"
            pod.createdAt = desk.desk.now
            pod.message =
                "0/20 nodes are available: 1 Too many pods, 19 node(s) didn't satisfy plugin(s) [NodeAffinity]."
            desk.cluster.unscheduled[pod.uid] = pod
        }
        #expect(desk.step().replacements.filter { $0.pod.hasPrefix("p-") }.map(\.node) == ["n1", "n10", "n11"])
    }
}
