import Cluster
import ImageSets
import PlannedCluster
import Planning
import Shared
import SwiftProtobuf
import Testing

@Suite("Images that a list gains are held by the pods that run") struct AdditionTests {
    private static let nginx = "docker.io/library/nginx:latest"
    private static let redis = "docker.io/library/redis:latest"

    /// Nodes whose pods hold nginx, made from the template `old` of the list without redis.
    private func grown(nodes: Int) throws -> PlanDesk {
        var desk = try PlanDesk("nginx", "redis", nodes: nodes)
        desk.adopt()
        desk.reportAll(.listed("nginx"))
        for name in desk.cluster.nodes.keys {
            desk.pod(name, template: "old")
            desk.hold("i-nginx", on: name)
            desk.cluster.pods["p-\(name)"]?.frame = "frame"
            desk.cluster.pods["p-\(name)"]?.images = [
                Configuration.agentContainerName: "agent", "i-nginx": Self.nginx,
            ]
        }
        desk.template = "new"
        desk.successor.frame = "frame"
        desk.successor.containers = [Configuration.agentContainerName, "i-nginx", "i-redis"]
        return desk
    }

    @Test("All pods become ones of the new template at once, and none is deleted")
    func adoption() throws {
        let desk = try grown(nodes: 20)
        let plan = desk.plan()
        #expect(plan.replacements.isEmpty)
        #expect(Set(plan.adoptions.map(\.node)).count == 20 && plan.adoptions.allSatisfy { $0.template == "new" })
        #expect(plan.wakes.isEmpty, "redis is nowhere yet")
    }

    @Test("Each gets the container when its node has the image")
    func additions() throws {
        var desk = try grown(nodes: 3)
        for name in desk.cluster.nodes.keys { desk.cluster.pods["p-\(name)"]?.template = "new" }
        #expect(desk.plan().adoptions.isEmpty && desk.plan().wakes.isEmpty)
        desk.report("n2", .listed("nginx"), .listed("redis"))
        let wakes = desk.step().wakes
        #expect(wakes.map(\.node) == ["n2"] && wakes.first?.additions == ["i-redis": Self.redis])
        #expect(desk.plan().wakes.isEmpty, "the API server is given time")
        desk.cluster.pods["p-n2"]?.images["i-redis"] = Self.redis
        desk.hold("i-redis", on: "n2")
        desk.wait(600)
        desk.report("n2", .listed("nginx"), .listed("redis"))
        #expect(desk.plan().wakes.isEmpty)
    }

    @Test("What the API server didn't take for some reason that passes is tried again, ever more seldom")
    func again() throws {
        var desk = try grown(nodes: 1)
        desk.cluster.pods["p-n1"]?.template = "new"
        var times: [Int] = []
        for second in 0..<200 {
            desk.desk.pass(seconds: 1)
            desk.report("n1", .listed("nginx"), .listed("redis"))
            if !desk.step().wakes.isEmpty { times.append(second) }
        }
        let gaps = zip(times, times.dropFirst()).map { $1 - $0 }
        #expect(gaps.count >= 3 && gaps == gaps.sorted() && gaps.first.map { $0 >= 5 } == true, "\(gaps)")
    }

    @Test(
        "An image that the list lost, or another pod template, is reason to replace",
        arguments: ["lost", "frame", "ended"])
    func replacement(_ why: String) throws {
        var desk = try grown(nodes: 3)
        for name in desk.cluster.nodes.keys {
            switch why {
            case "lost": desk.cluster.pods["p-\(name)"]?.images["i-gone"] = "docker.io/library/gone:latest"
            case "frame": desk.cluster.pods["p-\(name)"]?.frame = "other"
            default:
                desk.cluster.pods["p-\(name)"]?.frame = nil
                desk.cluster.pods["p-\(name)"]?.template = nil
            }
        }
        desk.reportAll(.listed("nginx"), .listed("redis"))
        let plan = desk.plan()
        #expect(plan.adoptions.isEmpty && plan.replacements.map(\.node) == ["n1"])
    }

    @Test("Another image under a name that the pod has is reason to replace")
    func renamed() throws {
        var desk = try grown(nodes: 3)
        for name in desk.cluster.nodes.keys { desk.cluster.pods["p-\(name)"]?.images["i-nginx"] = Self.redis }
        desk.reportAll(.listed("nginx"), .listed("redis"))
        #expect(desk.plan().adoptions.isEmpty && desk.plan().replacements.map(\.node) == ["n1"])
    }

    @Test("Where nobody may add containers, pods are replaced, also those that had become ones of the template")
    func forbidden() throws {
        var desk = try grown(nodes: 3)
        desk.successor.frame = nil
        desk.reportAll(.listed("nginx"), .listed("redis"))
        #expect(desk.plan().adoptions.isEmpty && desk.plan().replacements.map(\.node) == ["n1"])
        for name in desk.cluster.nodes.keys { desk.cluster.pods["p-\(name)"]?.template = "new" }
        let plan = desk.plan()
        #expect(plan.adoptions.isEmpty && plan.wakes.isEmpty && !plan.replacements.isEmpty)
    }

    @Test("Until the template is that of the list's edit no pod is replaced for what only the list has")
    func early() throws {
        var desk = try grown(nodes: 3)
        desk.successor.frame = nil
        desk.template = "old"
        desk.successor.containers.remove("i-redis")
        desk.reportAll(.listed("nginx"), .listed("redis"))
        #expect(desk.plan().replacements.isEmpty)
    }

    @Test("A container that somebody else has added changes nothing, unless it has the name of one that is to be added")
    func foreign() throws {
        var desk = try grown(nodes: 2)
        desk.cluster.pods["p-n1"]?.foreignContainers = ["debugger-x7k2p"]
        #expect(desk.plan().adoptions.count == 2 && desk.plan().replacements.isEmpty)
        for name in desk.cluster.nodes.keys { desk.cluster.pods["p-\(name)"]?.template = "new" }
        desk.reportAll(.listed("nginx"), .listed("redis"))
        #expect(desk.plan().replacements.isEmpty && desk.plan().wakes.count == 2)
        desk.cluster.pods["p-n1"]?.foreignContainers = ["i-redis"]
        #expect(desk.plan().replacements.map(\.node) == ["n1"])
        #expect(desk.plan().wakes.map(\.node) == ["n2"], "the API server takes no second container of the name")
        desk.cluster.pods["p-n1"]?.template = "old"
        #expect(desk.plan().adoptions.isEmpty && desk.plan().replacements.map(\.node) == ["n1"])
    }

    @Test("A pod whose agent doesn't run isn't taken for one that works")
    func broken() throws {
        var desk = try grown(nodes: 2)
        desk.cluster.pods["p-n1"]?.containers[Configuration.agentContainerName]?.isRunning = false
        #expect(desk.plan().adoptions.map(\.node) == ["n2"])
    }
}
