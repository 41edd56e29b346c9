import Cluster
import ImageSets
import PlannedCluster
import Planning
import Shared
import SwiftProtobuf
import Testing

@Suite("Which pods are woken") struct WakeTests {
    /// Pods whose containers wait for their images, which have come.
    private func waiting(nodes: Int) throws -> PlanDesk {
        var desk = try PlanDesk("nginx", "redis", nodes: nodes)
        desk.template = "t"
        desk.adopt()
        for name in desk.cluster.nodes.keys {
            desk.pod(name, template: "t")
            for entry in ["i-nginx", "i-redis"] { desk.wait(entry, on: name) }
        }
        return desk
    }

    @Test("A pod is woken when an image has come for which a container waits, and not again for the same at once")
    func once() throws {
        var desk = try waiting(nodes: 2)
        desk.report("n1", .listed("nginx"))
        desk.report("n2")
        let wake = try #require(desk.step().wakes.first)
        #expect([wake.pod, wake.uid, wake.node] == ["p-n1", "p-n1", "n1"])
        #expect(wake.entries == ["i-nginx"])
        let next = desk.step()
        #expect(next.wakes.isEmpty)
        #expect(next.wake.map { $0 <= desk.desk.now + 5 } == true)
        // The second one's arrival waits for the pause, too, and is the last.
        desk.report("n1", .listed("nginx"), .listed("redis"))
        #expect(desk.step().wakes.isEmpty)
        desk.desk.pass(seconds: 1)
        #expect(desk.step().wakes.map(\.entries) == [["i-nginx", "i-redis"]])
    }

    @Test("What doesn't help is tried less and less often")
    func vain() throws {
        var desk = try waiting(nodes: 1)
        var wakes: [Int64] = []
        let start = desk.desk.now
        while desk.desk.now < start + 200 {
            desk.report("n1", .listed("nginx"), .listed("redis"))
            if !desk.step().wakes.isEmpty { wakes.append(desk.desk.now.milliseconds(since: start) / 1000) }
            desk.desk.pass(seconds: 1)
        }
        #expect(wakes == [0, 5, 15, 35, 75, 155])
    }

    @Test("Nobody is woken for what isn't there, runs, fails otherwise, or is of another template")
    func others() throws {
        var desk = try waiting(nodes: 4)
        desk.reportAll(.listed("nginx"))
        desk.cluster.pods["p-n1"]?.containers["i-nginx"]?.isRunning = true
        desk.cluster.pods["p-n1"]?.containers["i-nginx"]?.waitingReason = nil
        desk.cluster.pods["p-n2"]?.containers["i-nginx"]?.waitingReason = "CreateContainerError"
        desk.cluster.pods["p-n3"]?.template = "other"
        desk.cluster.pods["p-n4"]?.isTerminating = true
        #expect(desk.plan().wakes.isEmpty)
        desk.cluster.pods["p-n4"]?.isTerminating = false
        #expect(desk.plan().wakes.map(\.node) == ["n4"])
        desk.desk.pass(seconds: 31)
        #expect(desk.plan().wakes.isEmpty)
    }

    @Test("A held image needs nobody, and in restricted mode nothing is woken")
    func needless() throws {
        var desk = try waiting(nodes: 1)
        desk.report("n1", .listed("nginx", inUse: true))
        #expect(desk.plan().wakes.isEmpty)
        desk.report("n1", .listed("nginx"))
        #expect(desk.plan().wakes.count == 1)
        desk.desk.configuration.runtimeSocket = .none
        #expect(desk.plan().wakes.isEmpty)
    }

    @Test("At most 50 a second, and each in turn")
    func bounded() throws {
        var desk = try waiting(nodes: 120)
        desk.reportAll(.listed("nginx"))
        var woken: [String] = []
        for expected in [50, 0, 50, 20] {
            let plan = desk.step()
            #expect(plan.wakes.count == expected)
            woken += plan.wakes.map(\.node)
            if expected == 0 {
                #expect(plan.wake.map { $0 <= desk.desk.now + 1 } == true)
            }
            if expected != 50 || woken.count > 50 { desk.desk.pass(seconds: 1) }
        }
        #expect(Set(woken).count == 120)
    }
}

extension PlanDesk {
    /// A container waits for its image.
    fileprivate mutating func wait(_ entry: String, on node: String) {
        var container = ContainerView()
        container.waitingReason = "ErrImageNeverPull"
        cluster.pods["p-\(node)"]?.containers[entry] = container
    }
}
