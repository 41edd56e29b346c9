import Cluster
import ImageSets
import PlannedCluster
import Shared
import Testing

@testable import Planning

/// Sets with DaemonSets of their own.
@Suite("Image sets that are held") struct HeldSetTests {
    private static func configuration(_ name: String, _ references: [String], on nodes: [String]? = nil) throws
        -> Configuration
    {
        var configuration = Configuration()
        configuration.images = try references.enumerated().map {
            ImageEntry(name: "e\($0.offset)", reference: try ImageReference($0.element))
        }
        configuration.daemonSetName = name
        if let nodes { configuration.scheduling = .named(nodes) }
        return configuration
    }

    /// Plans and orders with these sets, whose DaemonSets' templates are called like them.
    private static func step(
        _ desk: inout PlanDesk, _ sets: [ImageSet], applied: Set<String> = ["a", "b"]
    ) -> Plan {
        let roster = Roster(desk.cluster, scheduling: desk.desk.configuration.scheduling, sets: sets)
        _ = desk.desk.fleet.serve(roster, at: desk.desk.now)
        let held = sets.compactMap { set in
            set.configuration.map {
                HeldSet(
                    name: set.name, configuration: $0, template: applied.contains(set.name) ? set.name : nil)
            }
        }
        let plan = Planner.plan(
            configuration: desk.desk.configuration, cluster: desk.cluster, fleet: desk.desk.fleet, roster: roster,
            template: desk.template, further: held, now: desk.desk.now)
        _ = desk.desk.fleet.carryOut(plan, at: desk.desk.now)
        return plan
    }

    private static func adopt(_ desk: inout PlanDesk, _ sets: [ImageSet]) {
        _ = desk.desk.fleet.adopt(desk.desk.configuration, sets: sets, at: desk.desk.now)
    }

    private static func pod(_ set: String, on node: String, template: String, holding containers: [String]) -> PodView {
        var pod = PodView(name: "\(set)-\(node)", uid: "\(set)-\(node)", node: node)
        pod.set = set
        pod.template = template
        for name in [Configuration.agentContainerName] + containers {
            var container = ContainerView()
            container.isRunning = true
            pod.containers[name] = container
        }
        return pod
    }

    @Test("A set says what is its own; what concerns the cluster is the main one's")
    func merging() throws {
        var own = try Self.configuration("gpu", ["redis"], on: ["n1"])
        own.cachingIntervalHours = 7
        own.pullMaxParallel = 1
        own.runtimeSocket = .none
        own.imagePullSecrets = ["mine"]
        var main = Configuration()
        main.pullMaxParallel = 9
        main.agentImage = "ours.example/agent:1"
        main.imagePullSecrets = ["theirs"]
        main.retry.maxSeconds = 77
        main.scheduling.nodeReadyGate = NodeReadyGate(taint: Taint(key: "t", effect: .noSchedule), timeoutSeconds: 9)
        let merged = try #require(ImageSet(name: "gpu", own: own, main: main).configuration)
        #expect(merged.images == own.images && merged.cachingIntervalHours == 7 && merged.daemonSetName == "gpu")
        #expect(merged.imagePullSecrets == ["mine"] && merged.scheduling.affinity == own.scheduling.affinity)
        #expect(merged.pullMaxParallel == 9 && merged.agentImage == main.agentImage && merged.retry == main.retry)
        #expect(merged.runtimeSocket == .automatic)
        #expect(merged.scheduling.nodeReadyGate == main.scheduling.nodeReadyGate, "its pods run there, too")
        #expect(merged.withClusterKeys(of: main) == merged)
    }

    @Test("Who has a DaemonSet keeps it, and it is free when its set gives it up or goes")
    func claims() {
        var claims = DaemonSetClaims()
        let (place, other) = (
            DaemonSetClaims.Place(namespace: "a", name: "x"), DaemonSetClaims.Place(namespace: "b", name: "x")
        )
        func claim(_ place: DaemonSetClaims.Place, _ set: String) -> Bool { claims.claim(place, for: set) }
        var granted = [claim(place, "one"), claim(other, "two")]
        #expect(granted == [true, true])
        granted = [claim(place, "two")]
        #expect(granted == [false])
        #expect(claims.owner(of: place, otherThan: "two") == "one" && claims.owner(of: place, otherThan: "one") == nil)
        #expect(claims.owner(of: other, otherThan: "one") == "two", "what it has it keeps")
        granted = [claim(DaemonSetClaims.Place(namespace: "a", name: "y"), "one"), claim(place, "two")]
        #expect(granted == [true, true])
        claims.release("two")
        granted = [claim(place, "one")]
        #expect(granted == [true])
    }

    @Test("That no other container can be made of an image which one uses is known until one is")
    func notWhole() throws {
        var desk = try PlanDesk("nginx", nodes: 1)
        let main = desk.desk.configuration
        let sets = try ["a", "b"].map { ImageSet(name: $0, own: try Self.configuration($0, ["redis"]), main: main) }
        desk.adopt()
        Self.adopt(&desk, sets)
        for set in ["a", "b"] {
            let pod = Self.pod(set, on: "n1", template: set, holding: ["e0"])
            desk.cluster.pods[pod.uid] = pod
        }
        desk.report("n1", .listed("nginx"), .listed("redis", inUse: true))
        _ = Self.step(&desk, sets)
        #expect(desk.desk.fleet.unusable.isEmpty)
        desk.cluster.pods["b-n1"]?.containers["e0"]?.isRunning = false
        desk.cluster.pods["b-n1"]?.containers["e0"]?.waitingReason = "CreateContainerError"
        desk.cluster.pods["b-n1"]?.containers["e0"]?.waitingMessage = "content digest sha256:bb: not found"
        let plan = Self.step(&desk, sets)
        #expect(plan.pulls.isEmpty && plan.damage.isEmpty, "it isn't removed under whoever uses it")
        let image = desk.desk.fleet.unusable["n1"]?["docker.io/library/redis:latest"]
        #expect(image?.message.contains("content digest") == true)
        let column = try #require(desk.desk.fleet.references.firstIndex { $0.written == "redis" })
        func state() -> CellState { desk.desk.fleet.state(node: "n1", column: column, now: desk.desk.now) }
        #expect(state() == .present, "pods can't use it")
        let found = desk.desk.now
        desk.desk.pass(seconds: 5)
        let later = Self.step(&desk, sets)
        #expect(later.pulls.isEmpty && later.damage.isEmpty && state() == .present)
        #expect(desk.desk.fleet.unusable["n1"]?.values.map(\.since) == [found])
        desk.cluster.pods["b-n1"]?.containers["e0"]?.isRunning = true
        _ = Self.step(&desk, sets)
        #expect(desk.desk.fleet.unusable.isEmpty && state() == .held)
    }

    @Test("Nodes that only a further set selects pull what it lists, and nothing of the list")
    func outsiders() throws {
        var desk = try PlanDesk("nginx", nodes: 3)
        desk.desk.configuration.scheduling = .named(["n1", "n2"])
        let main = desk.desk.configuration
        let sets = [
            ImageSet(name: "a", own: try Self.configuration("a", ["redis", "nginx"], on: ["n2", "n3"]), main: main),
            ImageSet(name: "b", own: try Self.configuration("b", ["redis"], on: ["n2"]), main: main),
        ]
        desk.adopt()
        Self.adopt(&desk, sets)
        desk.reportAll()
        let roster = Roster(desk.cluster, scheduling: main.scheduling, sets: sets)
        #expect(roster.nodes(of: "default") == ["n1", "n2"] && roster.nodes(of: "a") == ["n2", "n3"])
        #expect(roster.count == 3)
        _ = Self.step(&desk, sets)
        func assigned(_ node: String) -> [String] {
            desk.desk.fleet.assignment(node: node).images.map {
                $0.reference.split(separator: "/").last.map(String.init) ?? ""
            }
        }
        #expect(assigned("n1") == ["nginx:latest"] && assigned("n2") == ["nginx:latest", "redis:latest"])
        #expect(assigned("n3") == ["nginx:latest", "redis:latest"])
        desk.report("n1", .listed("nginx"), .listed("redis"))
        desk.report("n2", .listed("nginx"), .listed("redis"))
        let pulls = Self.step(&desk, sets).pulls.map { "\($0.node) \($0.reference)" }.sorted()
        #expect(pulls == ["n3 nginx", "n3 redis"])
        // The set goes: nobody wants anything of that node.
        Self.adopt(&desk, [])
        let plan = Self.step(&desk, [])
        #expect(plan.cancellations.map(\.node) == ["n3"] && plan.pulls.isEmpty, "the other went with its column")
        #expect(desk.desk.fleet.assignment(node: "n3").images.map(\.reference) == ["docker.io/library/nginx:latest"])
        #expect(!desk.desk.fleet.orders.contains { $0.node == "n3" })
    }

    @Test(
        "Where an agent hasn't the pull secrets of the set that wants an image, the kubelet pulls with them; elsewhere agents do"
    )
    func secrets() throws {
        var desk = try PlanDesk("nginx", nodes: 6)
        var main = desk.desk.configuration
        main.imagePullSecrets = ["common"]
        desk.desk.configuration = main
        var own = try Self.configuration("a", ["private.example/app:1", "nginx"])
        own.imagePullSecrets = ["mirror", "common"]
        let sets = [
            ImageSet(name: "a", own: own, main: main),
            ImageSet(name: "b", own: try Self.configuration("b", ["redis"]), main: main),
        ]
        desk.adopt()
        Self.adopt(&desk, sets)
        desk.reportAll(.listed("nginx"))
        for (node, set) in [("n1", "default"), ("n3", "b"), ("n4", "gone"), ("n6", "a")] {
            desk.desk.fleet.noteAgent(of: set, on: node)
        }
        func pulls(_ plan: Plan) -> [String] {
            plan.pulls.map { "\($0.node) \($0.reference.name.split(separator: "/").last ?? "") \($0.puller.rawValue)" }
                .sorted()
        }
        // The pod would belong to a DaemonSet that isn't there yet.
        var early = desk
        early.cluster.nodes = early.cluster.nodes.filter { $0.key == "n1" }
        #expect(pulls(Self.step(&early, sets, applied: [])) == ["n1 redis agent"])
        // The trial: the first node's agent is default's.
        #expect(pulls(Self.step(&desk, sets)) == ["n1 app kubelet", "n2 redis agent"])
        let reference = try ImageReference("private.example/app:1")
        let order = try #require(desk.desk.fleet.orders.first { $1.puller == .kubelet }?.1)
        var random = SystemRandomNumberGenerator()
        var pod = PullPodView(name: "p", uid: "p", node: "n1", order: order.id)
        pod.container = ContainerView()
        pod.container?.isRunning = true
        _ = desk.desk.fleet.observe(pod, at: desk.desk.now, using: &random)
        desk.desk.pass(seconds: 1)
        desk.report("n1", .listed("nginx"), .named("private.example/app:1"))
        #expect(desk.desk.fleet.state(node: "n1", column: 1, now: desk.desk.now).isPresent)
        #expect(desk.desk.fleet.puller(of: reference) == .agent, "it says nothing of agents that have them")
        for name in ["n2", "n3", "n4", "n5", "n6"] { desk.report(name, .listed("nginx")) }
        let next = pulls(Self.step(&desk, sets)).filter { $0.contains("app") }
        #expect(
            next == ["n3 app kubelet", "n4 app agent", "n5 app kubelet", "n6 app agent"],
            "of an agent whose set nobody knows any more nothing is concluded")
    }

    @Test("What nothing holds is pulled with the secrets of default, and what needs none by whoever works")
    func secretsOfPrefetches() throws {
        var desk = try PlanDesk("nginx", nodes: 2)
        var main = desk.desk.configuration
        main.imagePullSecrets = ["common"]
        desk.desk.configuration = main
        desk.template = "default"
        let sets = [
            ImageSet(name: "b", own: try Self.configuration("b", ["redis"]), main: main),
            ImageSet(name: "pre", references: [try ImageReference("busybox")]),
        ]
        desk.adopt()
        Self.adopt(&desk, sets)
        desk.reportAll(.listed("nginx"))
        for name in ["n1", "n2"] { desk.desk.fleet.noteAgent(of: "b", on: name) }
        let pulls = Self.step(&desk, sets).pulls
        func puller(_ name: String) -> Puller? { pulls.first { $0.reference.written == name }?.puller }
        #expect(puller("redis") == .agent && puller("busybox") == .kubelet)
    }

    @Test(
        "Pods of all sets are replaced within one limit, one after the other on a node, each set's template tried first"
    )
    func replacements() throws {
        var desk = try PlanDesk("nginx", nodes: 6)
        desk.desk.configuration.rollMaxParallel = 2
        desk.template = "default"
        let main = desk.desk.configuration
        let sets = [
            ImageSet(name: "a", own: try Self.configuration("a", ["redis"]), main: main),
            ImageSet(name: "b", own: try Self.configuration("b", ["nginx"], on: ["n1", "n2", "n3"]), main: main),
        ]
        desk.adopt()
        Self.adopt(&desk, sets)
        for name in desk.cluster.nodes.keys.sorted() {
            desk.cluster.pods["d-\(name)"] = Self.pod("default", on: name, template: "default", holding: ["nginx"])
            desk.cluster.pods["a-\(name)"] = Self.pod("a", on: name, template: "old", holding: ["e0"])
        }
        for name in ["n1", "n2", "n3"] {
            desk.cluster.pods["b-\(name)"] = Self.pod("b", on: name, template: "old", holding: ["e0"])
        }
        desk.reportAll(.listed("nginx"), .listed("redis"))
        var plan = Self.step(&desk, sets)
        #expect(plan.replacements.map { "\($0.set) \($0.node)" } == ["a n1", "b n2"], "one of each, on two nodes")
        for replacement in plan.replacements { desk.cluster.pods[replacement.uid]?.isTerminating = true }
        plan = Self.step(&desk, sets)
        #expect(plan.replacements.isEmpty, "nobody knows yet whether the templates work")
        for (set, node) in [("a", "n1"), ("b", "n2")] {
            desk.cluster.pods.remove(uid: "\(set)-\(node)")
            desk.cluster.pods["\(set)-\(node)"] = Self.pod(set, on: node, template: set, holding: ["e0"])
        }
        desk.reportAll(.listed("nginx"), .listed("redis"))
        #expect(Self.step(&desk, sets).replacements.isEmpty, "other pods' agents have reported")
        for (set, node) in [("a", "n1"), ("b", "n2")] {
            _ = desk.desk.fleet.noteAgent(pod: "\(set)-\(node)", on: node)
        }
        plan = Self.step(&desk, sets)
        #expect(plan.replacements.count == 2, "the limit is that of one set: \(plan.replacements)")
        #expect(Set(plan.replacements.map(\.node)).count == 2)
        #expect(plan.replacements.allSatisfy { $0.set != "default" })
    }

    @Test("A tag that moved is brought to each set's pod that holds it, and to no other")
    func moved() throws {
        var desk = try PlanDesk("nginx", "redis", nodes: 1)
        desk.template = "default"
        let main = desk.desk.configuration
        let sets = [
            ImageSet(name: "a", own: try Self.configuration("a", ["nginx"]), main: main),
            ImageSet(name: "b", own: try Self.configuration("b", ["busybox"]), main: main),
        ]
        desk.adopt()
        Self.adopt(&desk, sets)
        var fleet = desk.desk.fleet
        _ = fleet.serve(Roster(desk.cluster, scheduling: main.scheduling, sets: sets), at: desk.desk.now)
        #expect(fleet.holders(of: 0, on: "n1") == ["default", "a"])
        #expect(fleet.holders(of: 1, on: "n1") == ["default"])
        #expect(fleet.holders(of: 2, on: "n1") == ["b"])
        #expect(fleet.interval(of: "docker.io/library/busybox:latest") == 3600)
    }

    @Test("A new set whose pods don't come holds up nobody else's roll-out for long")
    func newSet() throws {
        var desk = try PlanDesk("nginx", nodes: 4)
        desk.template = "new"
        desk.adopt()
        let sets = [ImageSet(name: "a", own: try Self.configuration("a", ["nginx"]), main: desk.desk.configuration)]
        Self.adopt(&desk, sets)
        for node in desk.cluster.nodes.keys {
            desk.pod(node, template: "old")
            desk.hold(desk.desk.configuration.images[0].container, on: node)
        }
        desk.reportAll(.listed("nginx"))
        #expect(Self.step(&desk, sets).replacements.isEmpty, "they may come any moment")
        desk.desk.pass(seconds: 130)
        desk.reportAll(.listed("nginx"))
        #expect(Self.step(&desk, sets).replacements.map(\.set) == ["default"])
    }
}
