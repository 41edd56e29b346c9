import Cluster
import ImageSets
import Planning
import Shared
import Testing

@testable import Alerting
@testable import KubernetesClient
@testable import Reporting

@Suite("What is worth an Event") struct CoverageNewsTests {
    /// Restricted mode, in which pod statuses say all there is to say.
    private struct World {
        var nodes: [String: [String: String]] = [:]  // node, image: held, missing, notFound; absent: unknown
        var now = Timestamp(milliseconds: 0)
        var images = ["web=nginx", "db=db"]

        func snapshot() throws -> Snapshot {
            let configuration = try MonitoredLoop.configuration(images) { $0.runtimeSocket = .none }
            var cluster = ClusterView()
            for (name, images) in nodes {
                cluster.nodes[name] = NodeView(name: name, uid: name)
                var pod = PodView(name: name, uid: name, node: name)
                for (image, state) in images {
                    var container = ContainerView()
                    container.isRunning = state == "held"
                    if state == "notFound" {
                        container.waitingReason = "ErrImagePull"
                        container.waitingMessage = "x: not found"
                    } else if state == "missing" {
                        container.waitingReason = "ContainerCreating"
                    }
                    pod.containers[image] = container
                }
                cluster.pods[name] = pod
            }
            return Snapshot(
                configuration: configuration, revision: 1, cluster: cluster, fleet: Fleet(epoch: 1), now: now)
        }
    }

    private static func words(_ news: [CoverageNews.News]) -> [String] {
        news.map { piece in
            switch piece {
            case .imageCached(let image, let nodes): "\(image.name) cached on \(nodes)"
            case .imageFailing(let image, let failure, let nodes): "\(image.name) \(failure.reason) on \(nodes)"
            case .nodeWarmed(let node, let seconds): "\(node.name) warm after \(seconds)"
            case .circuitOpened(let registry): "\(registry) fails"
            case .circuitClosed(let registry): "\(registry) is back"
            case .nodeDeviates(_, let deviation): deviation.summary
            case .looping(let subject): "\(subject) loops"
            }
        }
    }

    @Test func isToldOnce() throws {
        var world = World()
        var news = CoverageNews()
        func look() throws -> [String] {
            let snapshot = try world.snapshot()
            return Self.words(news.look(snapshot, cells: snapshot.targetCells()))
        }
        world.nodes = ["n1": ["web": "missing", "db": "notFound"], "n2": ["web": "held", "db": "held"]]
        #expect(try look() == ["db notFound on 1"])
        #expect(try look() == [])
        world.now = Timestamp(milliseconds: 4000)
        world.nodes["n1"] = ["web": "held", "db": "held"]
        #expect(try look() == ["n1 warm after 4.0", "web cached on 2", "db cached on 2"])
        #expect(try look() == [])
        world.nodes["n1"] = ["db": "held"]
        #expect(try look() == [], "unknown is no news")
        world.nodes["n1"] = ["web": "held", "db": "held"]
        #expect(try look() == [])
        world.nodes["n3"] = ["web": "missing", "db": "held"]
        #expect(try look() == [])
        world.nodes["n3"] = nil
        #expect(try look() == ["web cached on 2"])
    }

    @Test func aRestartIsNoNews() throws {
        var world = World()
        var news = CoverageNews()
        world.nodes = ["n1": [:], "n2": ["web": "held", "db": "held"]]
        for state in [[:], ["web": "held"], ["web": "held", "db": "held"]] {
            world.nodes["n1"] = state
            let snapshot = try world.snapshot()
            #expect(news.look(snapshot, cells: snapshot.targetCells()) == [])
        }
    }

    @Test func whatComesFasterThanWeLookIsTold() throws {
        var world = World()
        var news = CoverageNews()
        func look() throws -> [String] {
            let snapshot = try world.snapshot()
            return Self.words(news.look(snapshot, cells: snapshot.targetCells()))
        }
        world.images = ["web=nginx"]
        world.nodes = ["n1": ["web": "held"], "n2": ["web": "held"]]
        #expect(try look() == [])
        world.images = ["web=nginx", "db=db"]
        world.now = Timestamp(milliseconds: 5000)
        world.nodes = ["n1": ["web": "held", "db": "held"], "n2": ["web": "held", "db": "held"]]
        let all = ["n1 warm after 5.0", "n2 warm after 5.0", "db cached on 2"]
        #expect(try look().sorted() == all.sorted())
        #expect(try look() == [])
        // A node that joins, with all of it at once, and one that is heard first a look later.
        world.now = Timestamp(milliseconds: 8000)
        world.nodes["n3"] = ["web": "held", "db": "held"]
        world.nodes["n4"] = [:]
        #expect(try look() == ["n3 warm after 3.0"])
        world.now = Timestamp(milliseconds: 12_000)
        world.nodes["n4"] = ["web": "held", "db": "held"]
        #expect(try look() == ["n4 warm after 7.0"])
        #expect(try look() == [])
        // A shorter list makes no node warmer.
        world.images = ["web=nginx"]
        #expect(try look() == [])
    }

    @Test func newsOfAnImageIsOfTheSetThatHoldsIt() throws {
        let main = try MonitoredLoop.configuration(["web=nginx"])
        var gpu = try MonitoredLoop.configuration(["cuda=cuda", "other=docker.io/library/nginx:latest"])
        gpu.daemonSetName = "gpu"
        var snapshot = Snapshot(
            configuration: main, revision: 1, cluster: ClusterView(), fleet: Fleet(epoch: 1),
            now: Timestamp(milliseconds: 0))
        snapshot.sets = [
            ImageSet(name: "prefetch-1", references: [try ImageReference("redis")]),
            ImageSet(name: "gpu", own: gpu, main: main),
        ]
        func place(_ reference: String) throws -> String {
            let image = try MonitoredLoop.configuration(["x=\(reference)"]).images[0]
            return CoverageNews.News.imageCached(image, nodes: 1).configuration(in: snapshot).daemonSetName
        }
        #expect(try place("cuda") == "gpu")
        #expect(try place("nginx") == main.daemonSetName && place("redis") == main.daemonSetName)
        #expect(CoverageNews.News.circuitOpened(registry: "a").configuration(in: snapshot) == main)
    }

    @Test func textsCanBeCounted() throws {
        let image = try MonitoredLoop.configuration(["web=nginx"]).images[0]
        let failure = CellFailure(reason: .notFound, message: "attempt 7", attempts: 7, nextAttempt: nil)
        let first = CoverageEvents.text(.imageFailing(image, failure, nodes: 1))
        let second = CoverageEvents.text(
            .imageFailing(
                image, CellFailure(reason: .notFound, message: "attempt 8", attempts: 8, nextAttempt: nil), nodes: 9))
        #expect(first == second)
        #expect(first.reason == "ImageFailing" && first.kind == .warning)
    }
}
