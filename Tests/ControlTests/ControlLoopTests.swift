import Cluster
import ImageSets
import Planning
import Shared
import SwiftProtobuf
import Testing

@testable import ConfigurationParsing
@testable import Control
@testable import ControlFixtures
@testable import Reporting
@testable import TestBasics

@Suite("The control loop and its agents") struct ControlLoopTests {
    @Test(
        "Reports are refused until there's a configuration and a cluster, from strangers, and when they're incomplete")
    func refusals() async throws {
        let stage = Stage()
        await #expect(throws: ReportRefusal.notReady) { try await stage.send("n1", 1) }
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            await #expect(throws: ReportFault.incomplete) { try await stage.send("n1", 0) }
            await #expect(throws: ReportRefusal.unknownNode("n2")) { try await stage.send("n2", 1) }
            try await stage.send("n1", 1)
        }
    }

    @Test("A former DaemonSet is kept until the new one works where it can: one node may have no room for both")
    func filled() async throws {
        let stage = Stage()
        let names = ["n1", "n2", "n3"]
        try await stage.run(try Stage.configuration(), nodes: names.map { Stage.node($0) }) { stage in
            await stage.loop.useTemplate("t")
            func pod(_ node: String, isRunning: Bool = true) -> PodView {
                var pod = PodView(name: "p-\(node)", uid: "p-\(node)", node: node)
                pod.template = "t"
                var agent = ContainerView()
                agent.isRunning = isRunning
                if isRunning { pod.containers[Configuration.agentContainerName] = agent }
                return pod
            }
            for name in ["n1", "n2"] {
                await stage.loop.update(pod(name), of: Stage.pods)
                try await stage.send(name, 1) { $0.full.images = [.listed("nginx")] }
            }
            #expect(await !stage.loop.isFilled(), "nobody knows of the third node")
            await stage.loop.updateUnscheduled(pod("n3", isRunning: false), of: Stage.pods)
            #expect(await stage.loop.isFilled())
            for name in names {
                var node = Stage.node(name)
                node.isReady = false
                await stage.loop.update(node)
            }
            #expect(await !stage.loop.isFilled(), "all nodes are silent for a moment")
        }
    }

    @Test("A new agent's first report makes a plan, even where no cell changes: it proves its pod's template")
    func newAgent() async throws {
        let stage = Stage()
        try await stage.run(try Stage.configuration(), nodes: ["n1", "n2"].map { Stage.node($0) }) { stage in
            await stage.loop.useTemplate("t")
            for name in ["n1", "n2"] {
                var pod = PodView(name: "p-\(name)", uid: "p-\(name)", node: name)
                pod.template = "former"
                var container = ContainerView()
                container.isRunning = true
                pod.containers = [Configuration.agentContainerName: container, "web": container]
                await stage.loop.update(pod, of: Stage.pods)
                try await stage.send(name, 1) { $0.full.images = [.listed("nginx")] }
            }
            #expect(await soon { stage.replaced.all.count == 1 })
            let first = try #require(stage.replaced.all.first)
            let node = String(first.dropFirst(2))
            await stage.loop.removePod(uid: first)
            var pod = PodView(name: "q", uid: "q", node: node)
            pod.template = "t"
            var container = ContainerView()
            container.isRunning = true
            pod.containers = [Configuration.agentContainerName: container, "web": container]
            await stage.loop.update(pod, of: Stage.pods)
            // Whatever the pod's status is planned for is planned.
            try await Task.sleep(for: .milliseconds(300))
            #expect(stage.replaced.all.count == 1)
            try await stage.send(node, 1) {
                $0.bootID = "of its successor"
                $0.full.images = [.listed("nginx")]
            }
            #expect(await soon { stage.replaced.all.count == 2 })
        }
    }

    @Test("With the node's last pod of ours nothing is held there, until an agent has looked again")
    func released() async throws {
        let stage = Stage()
        var image = WireImage.listed("nginx")
        image.inUse = true
        let used = image
        try await stage.run(try Stage.configuration(), nodes: ["n1", "n2"].map { Stage.node($0) }) { stage in
            for name in ["n1", "n2"] {
                var pod = PodView(name: "p-\(name)", uid: "p-\(name)", node: name)
                var container = ContainerView()
                container.isRunning = true
                pod.containers = [Configuration.agentContainerName: container, "web": container]
                await stage.loop.update(pod, of: Stage.pods)
                try await stage.send(name, 1) { $0.full.images = [used] }
            }
            func held() async throws -> [Int] {
                let snapshot = try #require(await stage.loop.snapshot())
                let total = CoverageReport(snapshot, by: .image).total
                return [total.present, total.held]
            }
            #expect(try await held() == [2, 2])
            await stage.loop.removePod(uid: "p-n1")
            #expect(try await held() == [2, 1])
            try await stage.send("n1", 1) {
                $0.bootID = "of its successor"
                $0.full.images = [used]
            }
            #expect(try await held() == [2, 2])
        }
    }

    @Test("A long poll is answered at once by a new order")
    func news() async throws {
        let stage = Stage()
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            var reply = try await stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }
            let generation = reply.assignment.generation
            async let poll = stage.send("n1", 2, after: generation, wait: .seconds(60))
            let isWaiting = await soon { await stage.loop.waiters.count(node: "n1") == 1 }
            #expect(isWaiting)
            let start = ContinuousClock.now
            await stage.loop.adopt(try Stage.configuration(["web=nginx", "db=redis"]), revision: 2)
            reply = try await poll
            #expect(start.duration(to: .now) < .seconds(20))
            #expect(reply.assignment.generation != generation)
            #expect(reply.acknowledgedSequence == 2)
            let isOrdered = await soon {
                await stage.loop.fleet.assignment(node: "n1").pulls.map(\.reference)
                    == ["docker.io/library/redis:latest"]
            }
            #expect(isOrdered)
        }
    }

    @Test("What a pod names in place of what is written is pulled")
    func renamed() async throws {
        let stage = Stage()
        try await stage.run(try Stage.configuration(["web=nginx", "db=redis"]), nodes: [Stage.node("n1")]) { stage in
            let written = ["web": try ImageReference("nginx"), "db": try ImageReference("redis")]
            await stage.loop.useTemplate("t1", images: written)
            var pod = PodView(name: "p", uid: "p", node: "n1")
            pod.template = "t1"
            func missing(_ image: String) -> ContainerView {
                var container = ContainerView()
                container.waitingReason = "ErrImageNeverPull"
                container.waitingMessage = "Container image \"\(image)\" is not present with pull policy of Never"
                return container
            }
            pod.containers = ["web": missing("nginx:latest"), "db": missing("mirror.example/hub/library/redis:latest")]
            await stage.loop.update(pod, of: Stage.pods)
            #expect(
                await stage.loop.configuration?.images.map(\.reference.normalised) == [
                    "docker.io/library/nginx:latest", "mirror.example/hub/library/redis:latest",
                ])
            try await stage.send("n1", 1) { $0.full.images = [.listed("other")] }
            let isOrdered = await soon {
                await stage.loop.fleet.assignment(node: "n1").pulls.map(\.reference)
                    .contains("mirror.example/hub/library/redis:latest")
            }
            #expect(isOrdered)
            let rule = try #require(await stage.loop.admissionRules().first)
            #expect(rule.from == "docker.io/" && rule.to == "mirror.example/hub/" && rule.entries == ["db"])
            #expect(Finding(rule).description.contains("changes docker.io/ to mirror.example/hub/"))
            // A revision that is ahead of the template: what pods name is the former one's.
            await stage.loop.adopt(try Stage.configuration(["web=nginx", "db=postgres"]), revision: 2)
            await stage.loop.update(pod, of: Stage.pods)
            pod.reason = "seen again"
            await stage.loop.update(pod, of: Stage.pods)
            #expect(await stage.loop.configuration?.images.last?.reference.written == "postgres")
            // Another revision goes the same way, and what no pod waits for any more ends with the rule.
            await stage.loop.adopt(try Stage.configuration(["db=redis"]), revision: 3)
            #expect(await stage.loop.configuration?.images.map(\.reference.registry) == ["mirror.example"])
            pod.containers = [:]
            await stage.loop.update(pod, of: Stage.pods)
            await stage.loop.noteAdmitted([("redis", "redis")], isWhole: true)
            #expect(await stage.loop.configuration?.images.map(\.reference.registry) == ["docker.io"])
        }
    }

    @Test("A long poll ends when its wait is over, by the node's next report, by its request's end, and at the end")
    func ends() async throws {
        let stage = Stage()
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            let generation = try await stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }.assignment.generation
            var reply = try await stage.send("n1", 2, after: generation, wait: .milliseconds(200))
            #expect(!reply.hasAssignment && reply.acknowledgedSequence == 2)

            async let abandoned = stage.send("n1", 3, after: generation, wait: .seconds(60))
            #expect(await soon { await stage.loop.waiters.count(node: "n1") == 1 })
            try await stage.send("n1", 4)
            reply = try await abandoned
            #expect(reply.acknowledgedSequence == 3)

            let request = Task { try await stage.send("n1", 5, after: generation, wait: .seconds(60)) }
            #expect(await soon { await stage.loop.waiters.count(node: "n1") == 1 })
            request.cancel()
            _ = try? await request.value
            #expect(await soon { await stage.loop.waiters.count(node: "n1") == 0 })

            async let last = stage.send("n1", 6, after: generation, wait: .seconds(60))
            #expect(await soon { await stage.loop.waiters.count(node: "n1") == 1 })
            await stage.loop.endWaits()
            _ = try await last
            let start = ContinuousClock.now
            try await stage.send("n1", 7, after: generation, wait: .seconds(60))
            #expect(start.duration(to: .now) < .seconds(20))
        }
    }

    @Test("Attempts are acknowledged when they are stored, not before, and not at all when they can't be")
    func acknowledgement() async throws {
        let stage = Stage()
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            try await stage.send("n1", 1) { $0.full.images = [] }
            #expect(await soon { await !stage.loop.fleet.orders.isEmpty })
            let order = try #require(await stage.loop.fleet.orders.first?.order.id)
            await stage.ledger.refuse(true)
            var reply = try await stage.send("n1", 2) { $0.attempts = [.of(order, .failed, "manifest unknown")] }
            #expect(reply.acknowledgedAttempt == 0)
            #expect(reply.acknowledgedSequence == 2)

            // What can't be stored comes again and again: it must not end every poll at once.
            let generation = reply.assignment.generation
            let start = ContinuousClock.now
            _ = try await stage.send("n1", 3, after: generation, wait: .milliseconds(400)) {
                $0.attempts = [.of(order, .failed, "manifest unknown")]
            }
            #expect(start.duration(to: .now) >= .milliseconds(400))

            await stage.ledger.refuse(false)
            await stage.ledger.hold()
            let held = Task {
                try await stage.send("n1", 4) { $0.attempts = [.of(order, .failed, "manifest unknown")] }
            }
            #expect(await soon { await stage.ledger.held == 1 })
            #expect(await stage.ledger.attempts.isEmpty)
            await stage.ledger.letGo()
            reply = try await held.value
            #expect(reply.acknowledgedAttempt == 1)
            #expect(await stage.ledger.attempts.count == 1)
        }
    }

    @Test("A process that isn't the node's newest gets no pulls")
    func formerProcess() async throws {
        let stage = Stage()
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            try await stage.send("n1", 1)
            let new = Stage.report("n1", 1, boot: "b2") { $0.full.images = [] }
            _ = try await stage.loop.ingest(CheckedReport(new), after: 0, wait: .zero)
            #expect(await soon { await !stage.loop.fleet.orders.isEmpty })
            let late = try await stage.send("n1", 2)
            #expect(late.assignment.pulls.isEmpty)
            let more = try CheckedReport(Stage.report("n1", 2, boot: "b2"))
            let next = try await stage.loop.ingest(more, after: 0, wait: .zero)
            #expect(next.assignment.pulls.count == 1)
        }
    }

    @Test("A node that leaves ends its poll and is refused; its name on another machine knows nothing")
    func leaving() async throws {
        let stage = Stage()
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            let generation = try await stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }.assignment.generation
            async let poll = stage.send("n1", 2, after: generation, wait: .seconds(60))
            #expect(await soon { await stage.loop.waiters.count(node: "n1") == 1 })
            await stage.loop.removeNode("n1")
            _ = try await poll
            await #expect(throws: ReportRefusal.unknownNode("n1")) { try await stage.send("n1", 3) }
            await stage.loop.update(Stage.node("n1"))
            try await stage.send("n1", 4) { $0.full.images = [.listed("nginx")] }
            await stage.loop.update(Stage.node("n1", uid: "another"))
            let snapshot = try #require(await stage.loop.snapshot())
            #expect(snapshot.fleet.state(node: "n1", column: 0, now: snapshot.now) == .unknown)
        }
    }

    @Test("Pods of an earlier DaemonSet are never measured by the new one's template")
    func otherPods() async throws {
        let stage = Stage()
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            var pod = PodView(name: "old", uid: "u", node: "n1")
            pod.template = "old"
            await stage.loop.replacePods([pod], of: Stage.pods)
            await stage.loop.useTemplate("old")
            let next = PodSource(namespace: "elsewhere", daemonSet: "kubernetes-image-puller")
            await stage.loop.follow(next)
            await stage.loop.useTemplate("new")
            // Its watch may have one more thing to say.
            await stage.loop.update(pod, of: Stage.pods)
            await stage.loop.replacePods([pod], of: Stage.pods)
            #expect(await stage.loop.cluster.pods.isEmpty)
            var own = pod
            own.name = "own"
            await stage.loop.replacePods([own], of: next)
            #expect(await soon { stage.replaced.all == ["own"] })
        }
    }

    @Test("Attempts that nobody ordered are neither counted nor stored; those of orders keep their reference")
    func inventedAttempts() async throws {
        let stage = Stage()
        try await stage.run(try Stage.configuration(), nodes: [Stage.node("n1")]) { stage in
            try await stage.send("n1", 1) { $0.full.images = [] }
            #expect(await soon { await !stage.loop.fleet.orders.isEmpty })
            let order = try #require(await stage.loop.fleet.orders.first?.order)
            let reply = try await stage.send("n1", 2) {
                $0.attempts = (1...50).map { number in
                    var attempt = WireAttempt.of(UInt64(number) + (number % 2 == 0 ? order.id : 0), .failed, "no")
                    attempt.id = UInt64(number)
                    attempt.reference = "evil.example/made-up:\(number)"
                    return attempt
                }
            }
            #expect(reply.acknowledgedAttempt == 50, "they aren't sent again")
            #expect(await stage.ledger.attempts.isEmpty)
            try await stage.send("n1", 3) {
                var attempt = WireAttempt.of(order.id, .failed, "manifest unknown")
                attempt.id = 51
                attempt.reference = "evil.example/other"
                $0.attempts = [attempt]
            }
            #expect(await stage.ledger.attempts.map(\.reference) == ["nginx"])
        }
    }
}
