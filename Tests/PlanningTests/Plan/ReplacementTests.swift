import Cluster
import ClusterModel
import ImageSets
import PlannedCluster
import Planning
import Shared
import SwiftProtobuf
import Testing

@Suite("Which pods are replaced") struct ReplacementTests {
    /// Nodes that have everything, with pods of the old template.
    func rolled(nodes: Int) throws -> PlanDesk {
        var desk = try PlanDesk("nginx", nodes: nodes)
        desk.adopt()
        desk.reportAll(.listed("nginx"))
        for name in desk.cluster.nodes.keys { desk.pod(name, template: "old") }
        desk.template = "new"
        return desk
    }

    @Test("Pods of another template, within the limit; none before the template is applied")
    func limit() throws {
        var desk = try rolled(nodes: 20)
        desk.pod("n2", template: "new")
        #expect(desk.plan().replacements.map(\.node) == ["n1", "n10", "n11"])
        desk.desk.configuration.rollMaxParallel = 5
        #expect(desk.plan().replacements.count == 5)
        desk.template = nil
        #expect(desk.plan().replacements.isEmpty)
        desk.template = "old"
        #expect(desk.plan().replacements.map(\.node) == ["n2"])
    }

    @Test("One pod goes first; the others follow when its agent, not its predecessor's, has reported")
    func canary() throws {
        var desk = try rolled(nodes: 20)
        let plan = desk.step()
        #expect(plan.replacements.map(\.node) == ["n1"])
        desk.cluster.pods["p-n1"]?.isTerminating = true
        #expect(desk.plan().replacements.isEmpty)
        desk.cluster.pods["p-n1"] = nil
        #expect(desk.plan().replacements.isEmpty)
        desk.pod("n1", template: "new", isRunning: false)
        desk.cluster.pods["p-n1"]?.containers[Configuration.agentContainerName]?.waitingReason = "ImagePullBackOff"
        #expect(desk.plan().replacements.isEmpty)
        #expect(desk.plan().rollOut?.node == "n1" && desk.plan().rollOut?.message == "ImagePullBackOff")
        desk.pod("n1", template: "new")
        #expect(desk.plan().replacements.isEmpty)
        desk.desk.take(1, node: "n1", boot: "b2") { $0.full.images = [.listed("nginx")] }
        #expect(desk.plan().replacements.map(\.node) == ["n10", "n11", "n12"])
    }

    @Test("In restricted mode, too, one pod goes first, and the others only when a container of it runs")
    func restrictedCanary() throws {
        var desk = try rolled(nodes: 20)
        desk.desk.configuration.runtimeSocket = .none
        for name in desk.cluster.nodes.keys { desk.hold("i-nginx", on: name) }
        #expect(desk.step().replacements.map(\.node) == ["n1"])
        desk.cluster.pods["p-n1"] = nil
        #expect(desk.step().replacements.isEmpty)
        desk.pod("n1", template: "new")
        var copy = ContainerView()
        copy.waitingReason = "ErrImagePull"
        desk.cluster.pods["p-n1"]?.initContainer = copy
        #expect(desk.step().replacements.isEmpty)
        #expect(desk.step().rollOut?.message == "image-puller-copy-sleep: ErrImagePull")
        desk.cluster.pods["p-n1"]?.initContainer = nil
        #expect(desk.step().replacements.isEmpty)
        desk.hold("i-nginx", on: "n1")
        #expect(desk.step().replacements.map(\.node) == ["n10", "n11", "n12"])
    }

    @Test("A first pod that doesn't work is passed over; three decide about the template, and none is deleted further")
    func threeTries() throws {
        var desk = try rolled(nodes: 20)
        for name in desk.cluster.nodes.keys { desk.hold("i-nginx", on: name) }
        for name in ["n1", "n10", "n11"] {
            let plan = desk.step()
            #expect(plan.replacements.map(\.node) == [name])
            #expect(plan.rollOut?.isFinal != true)
            desk.pod(name, template: "new", isRunning: false)
            desk.cluster.pods["p-\(name)"]?.containers[Configuration.agentContainerName]?.waitingReason = "ErrImagePull"
            desk.wait(119)
            #expect(desk.step().replacements.isEmpty)
            desk.wait(1)
        }
        #expect(desk.step().replacements.isEmpty)
        #expect(desk.step().rollOut?.isFinal == true)
        // Another run of the coordinator finds what this one left.
        let references = desk.desk.fleet.references
        desk.desk.fleet = Fleet(epoch: 2)
        desk.adopt()
        #expect(desk.desk.fleet.references == references)
        desk.reportAll(.listed("nginx"))
        for _ in 0..<50 {
            #expect(desk.step().replacements.isEmpty)
            desk.wait(10)
        }
        // An edit that puts it right begins where the images went.
        desk.template = "right"
        #expect(Set(desk.step().replacements.map(\.node)).isSuperset(of: ["n1"]))
    }

    @Test("A run that has just begun waits for reports of the pods that it finds, however old they are")
    func justBegun() throws {
        var desk = try PlanDesk("nginx", nodes: 2)
        desk.adopt()
        for name in desk.cluster.nodes.keys {
            desk.pod(name, template: "t")
            desk.hold("i-nginx", on: name)
            desk.cluster.pods["p-\(name)"]?.createdAt = desk.desk.now
        }
        desk.template = "t"
        desk.desk.pass(seconds: 86_400)
        for _ in 0..<10 {
            #expect(desk.step().rollOut == nil)
            desk.desk.pass(seconds: 1)
        }
        desk.desk.pass(seconds: 3600)
        #expect(desk.step().rollOut?.message.contains("sends no report") == true)
    }

    @Test(
        "Of two nodes the first one that fails is the last one that is tried, and of twenty it isn't",
        arguments: [2, 20])
    func lastTry(nodes: Int) throws {
        var desk = try rolled(nodes: nodes)
        for name in desk.cluster.nodes.keys { desk.hold("i-nginx", on: name) }
        let first = try #require(desk.step().replacements.first?.node)
        desk.pod(first, template: "new", isRunning: false)
        desk.cluster.pods["p-\(first)"]?.containers[Configuration.agentContainerName]?.waitingReason =
            "CrashLoopBackOff"
        let trouble = try #require(desk.step().rollOut)
        #expect(!trouble.isFinal && trouble.isLastTry == (nodes == 2))
    }

    @Test("A template that fits nowhere, or whose pods aren't admitted, takes no pod away")
    func nothingWhereNothingComesBack() throws {
        var desk = try rolled(nodes: 3)
        for name in desk.cluster.nodes.keys {
            desk.hold("i-nginx", on: name)
            desk.cluster.nodes[name]?.allocatableMemory = name == "n2" ? "2Gi" : "1Gi"
        }
        desk.successor = Successor(memory: try Quantity("3Gi"))
        #expect(desk.plan().replacements.isEmpty)
        desk.successor = Successor(memory: try Quantity("2Gi"))
        #expect(desk.plan().replacements.map(\.node) == ["n2"])
        desk.successor = Successor(refusal: "violates PodSecurity")
        #expect(desk.plan().replacements.isEmpty)
        #expect(desk.plan().rollOut?.message == "violates PodSecurity")
    }

    @Test("Pods that hold images are replaced within the limit, though no agent runs in them")
    func withoutAgents() throws {
        var desk = try rolled(nodes: 20)
        for name in desk.cluster.nodes.keys {
            desk.pod(name, template: "old", isRunning: false)
            desk.hold("i-nginx", on: name)
        }
        #expect(desk.step().replacements.count == 1)
        desk.pod("n1", template: "new")
        desk.hold("i-nginx", on: "n1")
        desk.desk.take(1, node: "n1", boot: "b2") { $0.full.images = [.listed("nginx")] }
        #expect(desk.step().replacements.count == 3)
    }

    @Test("Another run finds crashing pods of the template, and takes none of them for one that works")
    func crashingPods() throws {
        var desk = try rolled(nodes: 20)
        for name in desk.cluster.nodes.keys { desk.hold("i-nginx", on: name) }
        desk.pod("n1", template: "new")
        desk.hold("i-nginx", on: "n1")
        desk.cluster.pods["p-n1"]?.containers["i-nginx"]?.isRunning = false
        desk.cluster.pods["p-n1"]?.containers["i-nginx"]?.imageID = "sha256:nginx"
        desk.cluster.pods["p-n1"]?.containers["i-nginx"]?.waitingReason = "CrashLoopBackOff"
        #expect(desk.step().replacements.isEmpty)
        desk.wait(121)
        #expect(desk.step().replacements.count == 1, "another node is tried, one alone")
    }

    /// Three nodes whose young pods wait for the scheduler, and others whose pods hold images though their agents don't run.
    private func found(waitingOf template: String) throws -> PlanDesk {
        var desk = try rolled(nodes: 20)
        for (number, name) in desk.cluster.nodes.keys.sorted().enumerated() {
            var pod = PodView(name: "p-\(name)", uid: "p-\(name)", node: name)
            pod.createdAt = desk.desk.now + (-60)
            pod.template = number < 3 ? template : "old"
            desk.cluster.pods[pod.uid] = number < 3 ? nil : pod
            desk.cluster.unscheduled[pod.uid] = number < 3 ? pod : nil
            if number >= 3 { desk.hold("i-nginx", on: name) }
        }
        return desk
    }

    @Test("Another run takes no pod that holds images for one that has lost them already")
    func foundHolding() throws {
        var desk = try found(waitingOf: "new")
        desk.pod("n20", template: "new")
        for _ in 0..<10 {
            #expect(desk.step().replacements.isEmpty, "three nodes have lost theirs, perhaps")
            desk.wait(9)
        }
    }

    @Test("What another run finds lost stays lost when its pods are made anew from the present template")
    func foundLost() throws {
        var desk = try found(waitingOf: "old")
        #expect(desk.step().replacements.isEmpty)
        let first = desk.step().replacements
        #expect(first.count == 3 && first.allSatisfy { desk.cluster.unscheduled[$0.uid] != nil })
        for replacement in first { desk.cluster.unscheduled[replacement.uid]?.template = "new" }
        for _ in 0..<10 {
            #expect(desk.step().replacements.isEmpty)
            desk.wait(9)
        }
    }

    @Test("A pod that runs a part of what its predecessor held isn't back: it counts, and proves nothing")
    func partlyBack() throws {
        var desk = try PlanDesk("nginx", "redis", nodes: 20)
        desk.adopt()
        desk.reportAll(.listed("nginx"), .listed("redis"))
        for name in desk.cluster.nodes.keys {
            desk.pod(name, template: "old")
            desk.hold("i-nginx", on: name)
            desk.hold("i-redis", on: name)
        }
        desk.template = "new"
        var tried: [String] = []
        for _ in 0..<10 {
            for name in desk.step().replacements.map(\.node) {
                tried.append(name)
                desk.pod(name, template: "new")
                desk.hold("i-nginx", on: name)
                var container = ContainerView()
                container.imageID = "sha256:redis"
                container.waitingReason = "CreateContainerError"
                desk.cluster.pods["p-\(name)"]?.containers["i-redis"] = container
                desk.desk.take(1, node: name, boot: "b-\(name)") {
                    $0.full.images = [.listed("nginx"), .listed("redis")]
                }
            }
            desk.desk.pass(seconds: 130)
            for name in desk.cluster.nodes.keys.sorted() where !tried.contains(name) {
                desk.report(name, .listed("nginx"), .listed("redis"))
            }
        }
        #expect(tried.count == 3)
    }

    @Test("Nodes that no pod has fitted on for long cost the others nothing, in another run too")
    func neverFits() throws {
        var desk = try PlanDesk("nginx", nodes: 6)
        desk.adopt()
        desk.template = "new"
        for name in ["n1", "n2", "n3"] {
            var pod = PodView(name: "w-\(name)", uid: "w-\(name)", node: name)
            pod.template = "new"
            pod.createdAt = desk.desk.now + (-3600)
            desk.cluster.unscheduled[pod.uid] = pod
        }
        for name in ["n4", "n5", "n6"] {
            desk.pod(name, template: "new")
            desk.hold("i-nginx", on: name)
        }
        var replaced: Set<String> = []
        for _ in 0..<5 {
            for name in ["n4", "n5", "n6"] { desk.report(name, .listed("nginx")) }
            replaced.formUnion(desk.step().replacements.map(\.node))
            desk.desk.pass(seconds: 9)
        }
        #expect(replaced == ["n4", "n5", "n6"], "they hold what their tag meant before")
    }

    @Test("Nodes that no pod fits on cost the others nothing, though another run goes on with a roll-out")
    func neverFitsAnotherRun() throws {
        let nodes = (1...8).map { NodeModel(name: "n\($0)") }
        var registry = RegistryModel(host: "r.example:5000", latency: 0.1, bandwidth: 1e6)
        let images = try [1, 40].map { megabytes in
            let reference = try ImageReference("r.example:5000/app\(megabytes):1")
            let size = Int64(megabytes) * 1_000_000
            registry.publish(ImageDescriptor(name: "app\(megabytes)", version: "1", size: size), as: reference)
            return ImageEntry(name: "app\(megabytes)", reference: reference)
        }
        var cluster = PlannedCluster(seed: 1, nodes: nodes, registries: [registry], hasPods: true)
        cluster.addsContainers = false
        for node in nodes { cluster.changeNode(node.name) { $0.allocatableMemory = "200Mi" } }
        for name in ["n6", "n7", "n8"] { cluster.others[name] = try Quantity("200Mi") }
        var configuration = Configuration()
        configuration.images = [images[0]]
        cluster.configure(configuration)
        for _ in 0..<40 { cluster.step() }
        configuration.images = images
        cluster.configure(configuration)
        func isNew(_ pod: PodView) -> Bool { pod.template == cluster.template }
        for _ in 0..<300 where !cluster.cluster.unscheduled.values.allSatisfy(isNew) { cluster.step() }
        for _ in 0..<15 { cluster.step() }
        #expect(cluster.cluster.unscheduled.count == 3 && !cluster.cluster.pods.values.allSatisfy(isNew))
        cluster.restartCoordinator()
        for _ in 0..<500 where !cluster.cluster.pods.values.allSatisfy(isNew) { cluster.step() }
        #expect(cluster.cluster.pods.values.allSatisfy(isNew))
    }

    @Test("No pod is replaced to hold another image on a disk that is about to be collected", arguments: [80, 81])
    func nearCollection(usedPercent: UInt64) throws {
        var desk = try PlanDesk("nginx", nodes: 1)
        desk.adopt()
        desk.pod("n1", template: "new")
        desk.template = "new"
        desk.hold("i-nginx", on: "n1")
        var replaced = 0
        for round in 1...6 {
            desk.desk.take(UInt64(round), node: "n1") {
                $0.full.images = [.listed("nginx")]
                $0.imageFilesystem.capacityBytes = 100_000_000
                $0.imageFilesystem.freeBytes = (100 - usedPercent) * 1_000_000
            }
            replaced += desk.step().replacements.count
            desk.desk.pass(seconds: 9)
        }
        // Five points below the threshold of 85.
        #expect(replaced == (usedPercent > 80 ? 0 : 1))
    }

    @Test("Failures of a reason that nobody knows hold no node's pod back")
    func unknownReasons() throws {
        var desk = try PlanDesk("nginx", "odd", nodes: 20)
        desk.adopt()
        desk.reportAll(.listed("nginx"))
        for name in desk.cluster.nodes.keys { desk.pod(name, template: "old") }
        desk.pod("n20", template: "new")
        desk.template = "new"
        var replaced: Set<String> = []
        for _ in 0..<60 {
            replaced.formUnion(desk.step().replacements.map(\.node))
            desk.desk.pass(seconds: 2)
            for name in desk.cluster.nodes.keys.sorted() {
                let attempts = desk.desk.fleet.orders(of: name).map { order in
                    WireAttempt.of(order.id, "odd", id: order.id, .failed, "the flux capacitor is out of plutonium")
                }
                desk.report(name, .listed("nginx"), attempts: attempts)
            }
        }
        #expect(replaced.count == 3, "as many as may be away at once, though most have never tried")
    }

    @Test("A pod that couldn't be deleted is replaced later")
    func failedDeletion() throws {
        var desk = try PlanDesk("nginx", nodes: 1)
        desk.adopt()
        desk.pod("n1", template: "new")
        desk.template = "new"
        desk.hold("i-nginx", on: "n1")
        desk.report("n1", .listed("nginx"))
        for _ in 0..<4 {
            _ = desk.step()
            desk.desk.pass(seconds: 9)
            desk.report("n1", .listed("nginx"))
        }
        let replacement = try #require(desk.step().replacements.first)
        #expect(desk.step().replacements.isEmpty)
        desk.desk.fleet.replacementFailed(replacement)
        for _ in 0..<5 {
            desk.desk.pass(seconds: 9)
            desk.report("n1", .listed("nginx"))
            if !desk.step().replacements.isEmpty { return }
        }
        Issue.record("it is forgotten")
    }

    @Test("A pod that holds what a tag meant before is replaced once, also when nobody remembers the refresh")
    func holdsFormer() throws {
        var desk = try PlanDesk("nginx", nodes: 1)
        desk.adopt()
        desk.pod("n1", template: "new")
        desk.template = "new"
        var container = ContainerView()
        container.isRunning = true
        desk.cluster.pods["p-n1"]?.containers["i-nginx"] = container
        desk.report("n1", .listed("nginx"))
        // The report may be older than the container.
        #expect(desk.step().replacements.isEmpty)
        for _ in 0..<4 {
            desk.desk.pass(seconds: 9)
            desk.report("n1", .listed("nginx"))
        }
        #expect(desk.step().replacements.count == 1)
        for _ in 0..<8 {
            desk.desk.pass(seconds: 9)
            desk.report("n1", .listed("nginx"))
            #expect(desk.step().replacements.isEmpty)
        }
        // Held meanwhile, it is forgotten; not held for a moment only, too.
        desk.report("n1", .listed("nginx", tag: "latest", inUse: true))
        #expect(desk.step().replacements.isEmpty)
    }

    @Test("A pod that isn't back takes a place, so a template that doesn't start stops the roll")
    func stops() throws {
        var desk = try rolled(nodes: 20)
        desk.pod("n2", template: "new")
        for name in ["n1", "n10"] { desk.pod(name, template: "new", isRunning: false) }
        #expect(desk.plan().replacements.map(\.node) == ["n11"])
        desk.cluster.pods["p-n11"]?.isTerminating = true
        #expect(desk.plan().replacements.isEmpty)
    }

    @Test("A pod that waits for the scheduler is replaced at once when the template is another")
    func unscheduled() throws {
        var desk = try rolled(nodes: 3)
        desk.template = "old"
        var pod = PodView(name: "w", uid: "w", node: "n9")
        pod.template = "older"
        desk.cluster.unscheduled["w"] = pod
        #expect(desk.plan().replacements.map { [$0.pod, $0.uid, $0.node] } == [["w", "w", "n9"]])
        desk.cluster.unscheduled["w"]?.isTerminating = true
        #expect(desk.plan().replacements.isEmpty)
        pod.template = "old"
        desk.cluster.unscheduled["w"] = pod
        #expect(desk.plan().replacements.isEmpty)
    }

    @Test("A pod whose agent doesn't run is replaced without waiting for its node")
    func deadAgent() throws {
        var desk = try rolled(nodes: 1)
        desk.pod("n1", template: "old", isRunning: false)
        desk.desk.pass(seconds: 3600)
        #expect(desk.plan().replacements.count == 1)
    }

    @Test("A node that still pulls, misses something, is silent, unready or short of disk waits")
    func waits() throws {
        var desk = try rolled(nodes: 1)
        #expect(desk.plan().replacements.count == 1)
        desk.cluster.nodes["n1"]?.hasDiskPressure = true
        #expect(desk.plan().replacements.isEmpty)
        desk.cluster.nodes["n1"]?.hasDiskPressure = false
        desk.cluster.nodes["n1"]?.isReady = false
        #expect(desk.plan().replacements.isEmpty)
        desk.cluster.nodes["n1"]?.isReady = true
        desk.report("n1")
        #expect(desk.plan().replacements.isEmpty)
        _ = desk.step()
        #expect(desk.plan().replacements.isEmpty)
        desk.desk.pass(seconds: 31)
        #expect(desk.plan().replacements.isEmpty)
    }

    @Test(
        "When the tag of our own image moves, one pod goes first; the others when its agent runs from what the tag means",
        arguments: [true, false])
    func movedOwnImage(isGood: Bool) throws {
        var desk = try PlanDesk("nginx", nodes: 5)
        desk.desk.configuration.agentImage = "ours.example/agent:1"
        desk.adopt()
        desk.desk.fleet.cachingIntervalSeconds = 20
        desk.template = "t"
        let names = desk.cluster.nodes.keys.sorted()
        for name in names {
            desk.pod(name, template: "t")
            desk.hold("i-nginx", on: name)
        }
        var boots: [String: String] = [:]
        var pulled: Set<String> = []
        /// Its agents report, by the image that they run from; registries give another one since.
        func report(sequence: UInt64) {
            for name in names where desk.cluster.pods["p-\(name)"]?.containers.isEmpty == false {
                let orders = desk.desk.fleet.orders(of: name)
                if orders.contains(where: { $0.reference.written == "ours.example/agent:1" }) { pulled.insert(name) }
                desk.desk.take(sequence, node: name, boot: boots[name] ?? "b1") { report in
                    var (former, newest) = (WireImage.listed("former"), WireImage.listed("newest"))
                    former.inUse = boots[name] == nil
                    newest.inUse = boots[name] != nil
                    former.tags = pulled.contains(name) ? [] : ["ours.example/agent:1"]
                    newest.tags = ["ours.example/agent:1"]
                    report.full.images =
                        [.listed("nginx", inUse: true), former] + (pulled.contains(name) ? [newest] : [])
                    report.attempts = orders.map { .of($0.id, $0.reference.written, id: $0.id, .succeeded) }
                }
            }
        }
        var replaced: [String] = []
        for round in 1...20 {
            report(sequence: UInt64(round))
            let replacements = desk.step().replacements
            if !replacements.isEmpty { #expect(replacements.count == (replaced.isEmpty ? 1 : 3)) }
            for replacement in replacements {
                replaced.append(replacement.node)
                desk.pod(replacement.node, template: "t", isRunning: isGood)
                boots[replacement.node] = "b2"
                if isGood {
                    desk.hold("i-nginx", on: replacement.node)
                } else {
                    desk.cluster.pods["p-\(replacement.node)"]?.containers = [:]
                }
            }
            if replaced.count >= 4 { break }
            desk.desk.pass(seconds: 9)
        }
        #expect(replaced.count == (isGood ? 4 : 1))
    }

    @Test("An image that can't be had doesn't hold the pod back; our own does")
    func ownImage() throws {
        var desk = try PlanDesk("nginx", nodes: 1)
        desk.desk.configuration.agentImage = "ours.example/agent:2"
        desk.adopt()
        desk.pod("n1", template: "old")
        desk.template = "new"
        desk.report("n1")
        // Our own is pulled first.
        #expect(desk.step().pulls.map(\.reference.written) == ["ours.example/agent:2", "nginx"])
        let attempts = desk.desk.fleet.orders.enumerated().map { number, entry in
            WireAttempt.of(
                entry.order.id, entry.order.reference.written, id: UInt64(number + 1), .failed, "manifest unknown")
        }
        desk.report("n1", attempts: attempts)
        #expect(desk.plan().replacements.isEmpty)
        var own = WireImage.listed("agent")
        own.tags = ["ours.example/agent:2"]
        desk.report("n1", own)
        #expect(desk.plan().replacements.count == 1)
    }
}
