import Cluster
import ImageSets
import PlannedCluster
import Planning
import Shared
import SwiftProtobuf
import Testing

@Suite("Which pulls are planned") struct PlannerTests {
    @Test("Nothing before the cluster is listed, and nothing for nodes that are unknown")
    func unknown() throws {
        var desk = try PlanDesk("nginx", nodes: 2)
        desk.adopt()
        #expect(desk.plan().pulls.isEmpty)
        desk.report("n1")
        #expect(desk.plan().pulls.map(\.node) == ["n1"])
        desk.cluster.isSynced = false
        #expect(desk.plan() == Plan())
        desk.cluster.isSynced = true
        desk.desk.pass(seconds: 31)
        #expect(desk.plan().pulls.isEmpty)
    }

    @Test("A registry is never asked for more than the cap at once, another has its own")
    func caps() throws {
        var desk = try PlanDesk("a.example/x:1", "b.example/x:1", nodes: 10)
        desk.desk.configuration.pullMaxParallel = 3
        desk.adopt()
        desk.reportAll()
        desk.report("n10", .named("a.example/x:1"), .named("b.example/x:1"))
        let plan = desk.step()
        #expect(plan.pulls.count { $0.reference.registry == "a.example" } == 3)
        #expect(plan.pulls.count { $0.reference.registry == "b.example" } == 3)
        #expect(desk.step().pulls.isEmpty)
    }

    @Test("A node pulls two images at once, not more, and each only once")
    func perNode() throws {
        var desk = try PlanDesk("nginx", "docker.io/library/nginx:latest", "redis", "busybox", nodes: 1)
        desk.adopt()
        desk.reportAll()
        #expect(desk.step().pulls.map(\.reference.written) == ["nginx", "redis"])
        #expect(desk.step().pulls.isEmpty)
    }

    @Test("An image is tried on one node first; when it has worked there, it goes to the others")
    func canary() throws {
        var desk = try PlanDesk("nginx", nodes: 9)
        for name in ["n7", "n8", "n9"] { desk.cluster.nodes[name]?.labels["kubernetes.io/arch"] = "arm64" }
        desk.adopt()
        desk.reportAll()
        #expect(desk.step().pulls.map(\.node) == ["n1", "n7"])
        #expect(desk.step().pulls.isEmpty)
        let order = try #require(desk.desk.fleet.assignment(node: "n1").pulls.first)
        desk.report("n1", .listed("nginx"), attempts: [.of(order.id, "nginx", .succeeded)])
        #expect(desk.step().pulls.map(\.node) == ["n2", "n3", "n4", "n5"])
    }

    @Test("A reference that doesn't exist is asked for by two nodes, and the others go on with the rest")
    func brokenReference() throws {
        var desk = try PlanDesk("broken", "nginx", nodes: 3)
        desk.adopt()
        desk.reportAll()
        #expect(desk.step().pulls.map { "\($0.node) \($0.reference)" } == ["n1 broken", "n2 nginx"])
        let order = try #require(desk.desk.fleet.assignment(node: "n1").pulls.first)
        desk.report("n1", attempts: [.of(order.id, "broken", .failed, "broken: not found")])
        #expect(desk.step().pulls.map { "\($0.node) \($0.reference)" } == ["n3 broken"])
        let second = try #require(desk.desk.fleet.assignment(node: "n3").pulls.first)
        desk.report("n3", attempts: [.of(second.id, "broken", .failed, "broken: not found")])
        let other = try #require(desk.desk.fleet.assignment(node: "n2").pulls.first)
        desk.report("n2", .listed("nginx"), attempts: [.of(other.id, "nginx", .succeeded)])
        #expect(Set(desk.step().pulls.map { "\($0.node) \($0.reference)" }) == ["n1 nginx", "n3 nginx"])
    }

    @Test("Zones take turns")
    func zones() throws {
        var desk = try PlanDesk("nginx", nodes: 5)
        for (name, zone) in [("n1", "a"), ("n2", "a"), ("n3", "a"), ("n4", "b"), ("n5", "b")] {
            desk.cluster.nodes[name]?.labels["topology.kubernetes.io/zone"] = zone
        }
        desk.adopt()
        desk.reportAll()
        desk.report("n5", .listed("nginx"))
        #expect(desk.plan().pulls.map(\.node) == ["n1", "n4", "n2", "n3"])
    }

    @Test("A pull that would make the kubelet collect garbage isn't started, and says both numbers")
    func disk() throws {
        var desk = try PlanDesk("nginx", nodes: 2)
        desk.adopt()
        var image = WireImage.listed("nginx")
        image.size = 1_000_000_000
        desk.report("n1", image)
        desk.desk.take(100, node: "n2") {
            $0.full.images = []
            $0.imageFilesystem.capacityBytes = 100_000_000_000
            $0.imageFilesystem.freeBytes = 18_000_000_000
        }
        let plan = desk.step()
        #expect(plan.pulls.isEmpty)
        let shortage = try #require(plan.shortages.first)
        #expect(shortage.neededBytes == 3_500_000_000 && shortage.availableBytes == 3_000_000_000)
        let failure = try #require(desk.desk.fleet.failure(node: "n2", column: 0))
        #expect(failure.reason == .diskFull && failure.message.contains("3500 MB") && failure.message.contains("3000"))
        #expect(desk.step().pulls.isEmpty)
        var edited = desk
        edited.desk.configuration.imageGCHighPercent = 90
        edited.adopt()
        #expect(edited.step().pulls.map(\.node) == ["n2"], "an edit that makes room is heeded at once")
        desk.desk.pass(seconds: 61)
        desk.desk.take(101, node: "n2") {
            $0.full.images = []
            $0.imageFilesystem.capacityBytes = 100_000_000_000
            $0.imageFilesystem.freeBytes = 50_000_000_000
        }
        desk.report("n1", image)
        #expect(desk.step().pulls.map(\.node) == ["n2"])
    }

    @Test("Cordoned nodes come last; nodes that aren't ready or short of disk not at all")
    func trouble() throws {
        var desk = try PlanDesk("nginx", nodes: 5)
        desk.cluster.nodes["n1"]?.isUnschedulable = true
        desk.cluster.nodes["n2"]?.isReady = false
        desk.cluster.nodes["n3"]?.hasDiskPressure = true
        desk.adopt()
        desk.reportAll()
        desk.report("n5", .listed("nginx"))
        #expect(desk.plan().pulls.map(\.node) == ["n4", "n1"])
    }

    @Test("Nodes that the DaemonSet doesn't select pull nothing")
    func unselected() throws {
        var desk = try PlanDesk("nginx", nodes: 2)
        desk.desk.configuration.scheduling.nodeSelector = ["pool": "build"]
        desk.cluster.nodes["n2"]?.labels["pool"] = "build"
        desk.adopt()
        desk.reportAll()
        #expect(desk.plan().pulls.map(\.node) == ["n2"])
    }

    @Test("A failed pull is tried again when it is due, and the plan says when that is")
    func retries() throws {
        var desk = try PlanDesk("nginx", nodes: 1)
        desk.adopt()
        desk.report("n1")
        _ = desk.step()
        let order = try #require(desk.desk.fleet.orders.first?.order.id)
        desk.report("n1", attempts: [.of(order, "nginx", .failed, "manifest unknown")])
        let plan = desk.plan()
        #expect(plan.pulls.isEmpty)
        let wake = try #require(plan.wake)
        // The node's silence is looked at first.
        #expect(wake <= desk.desk.now + 31)
        desk.desk.pass(seconds: 700)
        desk.report("n1")
        #expect(desk.plan().pulls.count == 1)
    }

    @Test("A node that dies while it pulls, or isn't selected any more, keeps the image from no other")
    func diesInMidPull() throws {
        var desk = try PlanDesk("nginx", nodes: 4)
        desk.desk.configuration.pullMaxParallel = 1
        desk.adopt()
        desk.reportAll()
        #expect(desk.step().pulls.map(\.node) == ["n1"])
        desk.cluster.nodes["n1"]?.isReady = false
        // Its agent may still be heard.
        #expect(desk.step().pulls.isEmpty)
        desk.desk.pass(seconds: 31)
        for name in ["n2", "n3", "n4"] { desk.report(name) }
        #expect(desk.step().pulls.map(\.node) == ["n2"], "its place under the cap is free, too")
        desk.cluster.nodes["n2"]?.labels["kubernetes.io/os"] = "windows"
        let plan = desk.step()
        #expect(plan.cancellations.map(\.node) == ["n2"] && plan.pulls.map(\.node) == ["n3"])
    }

    @Test("An order that has outlived its deadline, or whose node has left, is taken back")
    func overdue() throws {
        var desk = try PlanDesk("nginx", nodes: 3)
        desk.desk.configuration.pullTimeoutSeconds = 60
        desk.adopt()
        desk.reportAll()
        desk.report("n3", .listed("nginx"))
        _ = desk.step()
        desk.cluster.nodes["n2"] = nil
        #expect(desk.plan().cancellations.map(\.node) == ["n2"])
        desk.desk.pass(seconds: 91)
        #expect(Set(desk.plan().cancellations.map(\.node)) == ["n1", "n2"])
    }
}
