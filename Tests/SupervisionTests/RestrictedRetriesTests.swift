import Cluster
import ImageSets
import PlannedCluster
import Planning
import Shared
import Supervision
import Testing

@Suite struct RestrictedRetriesTests {
    private static let start = Timestamp(milliseconds: 1_700_000_000_000)

    private struct Desk {
        var configuration = Configuration()
        var cluster = ClusterView()
        var retries = RestrictedRetries()
        var fleet = Fleet(epoch: 1)
        var now = RestrictedRetriesTests.start
        var random = FixedRandom()
        var wake: Timestamp?

        init(nodes: Int) throws {
            configuration.runtimeSocket = .none
            configuration.images = [
                ImageEntry(name: "web", reference: try ImageReference("web:1")),
                ImageEntry(name: "api", reference: try ImageReference("api:1")),
            ]
            cluster.isSynced = true
            for number in 1...nodes { cluster.nodes["n\(number)"] = NodeView(name: "n\(number)", uid: "u\(number)") }
        }

        /// Gives a node a pod whose containers run, but for those that fail.
        mutating func put(_ uid: String, on node: String, failing: [String: String] = [:], template: String = "t") {
            cluster.pods = PodTable(cluster.pods.values.filter { $0.node != node })
            var pod = PodView(name: "pod-\(uid)", uid: uid, node: node)
            pod.template = template
            for image in configuration.images {
                var container = ContainerView()
                if let message = failing[image.name] {
                    container.waitingReason = "ImagePullBackOff"
                    container.waitingMessage = message
                } else {
                    container.isRunning = true
                    container.imageID = "sha256:1"
                }
                pod.containers[image.name] = container
            }
            cluster.pods[uid] = pod
        }

        mutating func plan(after seconds: Double = 0) -> [String] {
            now = now + seconds
            var plan = Planner.plan(
                configuration: configuration, cluster: cluster, fleet: fleet, template: "t", now: now)
            let planned = plan.replacements.count
            retries.add(
                to: &plan, configuration: configuration, cluster: cluster, template: "t", now: now, using: &random)
            _ = fleet.carryOut(plan, at: now)
            wake = plan.wake
            return plan.replacements.dropFirst(planned).map(\.uid)
        }
    }

    private static let outage = "dial tcp 10.0.0.1:443: connect: connection refused"
    private static let absent = "web:1: not found"

    @Test func aFailingPodIsReplacedAfterTheKubeletsOwnTries() throws {
        var desk = try Desk(nodes: 1)
        desk.put("a", on: "n1", failing: ["web": Self.outage])
        #expect(desk.plan() == [])
        #expect(desk.wake == Self.start + RestrictedRetries.patience)
        #expect(desk.plan(after: RestrictedRetries.patience - 1) == [])
        #expect(desk.plan(after: 1) == ["a"])
    }

    @Test func whatIsWellIsLeftAlone() throws {
        var desk = try Desk(nodes: 2)
        desk.put("a", on: "n1")
        desk.cluster.pods["b"] = PodView(name: "pod-b", uid: "b", node: "n2")  // without any status
        #expect(desk.plan() == [])
        #expect(desk.plan(after: 10_000) == [])
        #expect(desk.wake == nil)
    }

    @Test func aPermanentFailureIsTriedSlowly() throws {
        var desk = try Desk(nodes: 1)
        desk.put("a", on: "n1", failing: ["web": Self.absent])
        #expect(desk.plan() == [])
        #expect(desk.plan(after: 400) == [])
        #expect(desk.plan(after: 300) == ["a"])
        // Beside one that may pass it is tried as soon as that one.
        desk.put("b", on: "n1", failing: ["web": Self.absent, "api": Self.outage])
        #expect(desk.plan() == [])
        #expect(desk.plan(after: 30) == ["b"])
    }

    @Test func eachFailureInARowDoublesThePause() throws {
        var desk = try Desk(nodes: 1)
        desk.configuration.retry.maxSeconds = 3000
        var longest = 0.0
        for pod in 1...9 {
            desk.put("p\(pod)", on: "n1", failing: ["web": Self.outage])
            #expect(desk.plan() == [])
            let due = try #require(desk.wake)
            let pause = Double(due.milliseconds(since: desk.now)) / 1000
            // Full jitter below the doubled base of 5 s, but never before the kubelet's own tries.
            #expect(pause >= RestrictedRetries.patience)
            #expect(pause <= max(RestrictedRetries.patience, min(3000, 5 * Double(1 << (pod - 1)))))
            longest = max(longest, pause)
            #expect(desk.plan(after: pause) == ["p\(pod)"])
        }
        #expect(longest > 100)
        // A success ends the row.
        desk.put("well", on: "n1")
        #expect(desk.plan() == [])
        desk.put("ill", on: "n1", failing: ["web": Self.outage])
        #expect(desk.plan() == [])
        #expect(desk.wake == desk.now + RestrictedRetries.patience)
    }

    @Test func onlySoManyAMinute() throws {
        var desk = try Desk(nodes: 40)
        for number in 1...40 { desk.put("p\(number)", on: "n\(number)", failing: ["web": Self.outage]) }
        #expect(desk.plan() == [])
        var replaced: [(at: Timestamp, pod: String)] = []
        for _ in 0..<800 {
            for uid in desk.plan(after: 1) {
                replaced.append((desk.now, uid))
                // Another takes its place at once, and runs.
                let node = try #require(desk.cluster.pods[uid]?.node)
                desk.put("new-\(uid)", on: node)
            }
        }
        #expect(replaced.count == 40, "in the end all were replaced, and none twice")
        #expect(Set(replaced.map(\.pod)).count == 40)
        let limit = RestrictedRetries.perMinute(desk.configuration, nodes: 40)
        #expect(limit == 4)
        for first in replaced {
            let minute = replaced.count { $0.at >= first.at && $0.at < first.at + 60 }
            #expect(minute <= limit)
        }
    }

    @Test func podsThatAreAwayTakeRoom() throws {
        var desk = try Desk(nodes: 4)
        for number in 1...4 { desk.put("p\(number)", on: "n\(number)", failing: ["web": Self.outage]) }
        #expect(desk.plan() == [])
        for number in 1...3 { desk.cluster.pods["p\(number)"]?.isTerminating = true }
        #expect(desk.plan(after: 30) == [], "three of three places are taken")
        desk.put("q1", on: "n1")
        #expect(desk.plan(after: 1) == ["p4"])
    }

    @Test func nothingElsewhere() throws {
        var desk = try Desk(nodes: 3)
        desk.put("old", on: "n1", failing: ["web": Self.outage], template: "former")
        desk.put("pressed", on: "n2", failing: ["web": Self.outage])
        desk.cluster.nodes["n2"]?.hasDiskPressure = true
        desk.put("gone", on: "n3", failing: ["web": Self.outage])
        desk.cluster.nodes["n3"]?.isReady = false
        #expect(desk.plan() == [])
        #expect(desk.plan(after: 1000) == [])
        desk.configuration.runtimeSocket = .automatic
        desk.cluster.nodes["n3"]?.isReady = true
        #expect(desk.plan(after: 1000) == [], "with agents, agents pull")
        desk.configuration.runtimeSocket = .none
        desk.cluster.isSynced = false
        #expect(desk.plan(after: 1000) == [])
    }
}
