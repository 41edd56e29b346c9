import Cluster
import ImageSets
import Planning
import Shared
import Supervision
import Testing

@Suite("What history hears in restricted mode") struct PodLedgerTests {
    private var ledger = PodLedger()
    private var now = Timestamp(milliseconds: 1_000_000)
    private var node = NodeView(name: "n", uid: "u")
    private var images: [ImageEntry]
    private var further: [ImageSet] = []

    init() throws {
        images = [
            ImageEntry(name: "web", reference: try ImageReference("nginx")),
            ImageEntry(name: "db", reference: try ImageReference("redis")),
        ]
    }

    private func pod(_ uid: String = "p", age: Double = -1, _ fill: (inout PodView) -> Void) -> PodView {
        var pod = PodView(name: uid, uid: uid, node: "n")
        pod.createdAt = now + -age
        fill(&pod)
        return pod
    }

    private func container(_ reason: String?, _ message: String = "", id: String = "") -> ContainerView {
        var container = ContainerView()
        container.isRunning = reason == nil
        container.waitingReason = reason
        container.waitingMessage = message
        container.imageID = id
        return container
    }

    private mutating func look(_ pods: [PodView]) -> PodLedger.News {
        now = now + 1
        var configuration = Configuration()
        configuration.images = images
        let images = PodImages(configuration, further).images
        return ledger.look(at: "n", node, pods: pods, images: images, now: now)
    }

    private func words(_ news: PodLedger.News) -> [String] {
        news.transitions.map { "\($0.reference) \($0.from.word) \($0.to?.word ?? "none")" }
    }

    @Test("Every cell is told when a node is heard, then what changes")
    mutating func changes() {
        let first = pod {
            $0.containers["web"] = container("ContainerCreating")
            $0.containers["db"] = container(nil, id: "redis@sha256:1")
        }
        let heard = look([first])
        #expect(words(heard) == ["nginx unknown missing", "redis unknown held"] && ledger.isHeard("n"))
        #expect(heard.transitions[1].imageID == "redis@sha256:1")
        #expect(look([first]) == PodLedger.News())
        var second = first
        second.containers["web"] = container(nil, id: "nginx@sha256:1")
        second.containers["db"] = container(nil, id: "redis@sha256:2")
        let news = look([second])
        // Another image under the same tag is a change, too.
        #expect(words(news) == ["nginx missing held", "redis held held"])
    }

    @Test("A silent kubelet, and a node between two pods, say nothing; what is told when they speak is whole")
    mutating func silence() {
        let held = pod {
            $0.containers["web"] = container(nil)
            $0.containers["db"] = container(nil)
        }
        _ = look([held])
        node.isReady = false
        #expect(look([held]) == PodLedger.News() && !ledger.isHeard("n"))
        node.isReady = true
        #expect(words(look([held])) == ["nginx held held", "redis held held"])
        #expect(look([]) == PodLedger.News() && !ledger.isHeard("n"))
        #expect(look([pod("q") { _ in }]) == PodLedger.News() && !ledger.isHeard("n"), "it has no status yet")
        let news = look([pod("q") { $0.containers["web"] = container(nil) }])
        // Of a container that the pod hasn't got nothing is known.
        #expect(words(news) == ["nginx held held", "redis held none"])
    }

    @Test("Cells of images that leave the list end")
    mutating func unlisted() throws {
        let held = pod { $0.containers["web"] = container(nil) }
        _ = look([held])
        images = [ImageEntry(name: "db", reference: try ImageReference("redis"))]
        #expect(words(look([held])) == ["nginx held none"])
        #expect(ledger.present(on: "n", at: now).isEmpty)
    }

    @Test("A failed pull is an attempt, once, with the kubelet's message; the pause after it is none")
    mutating func attempts() {
        _ = look([pod { $0.containers["web"] = container("ContainerCreating") }])
        func failing(_ reason: String, _ message: String = "manifest unknown") -> PodView {
            pod("p") { $0.containers["web"] = container(reason, message) }
        }
        let news = look([failing("ErrImagePull")])
        #expect(words(news) == ["nginx missing failed"] && news.transitions[0].reason == .notFound)
        #expect(news.attempts.map(\.reason) == [.notFound] && news.attempts[0].message == "manifest unknown")
        #expect(news.attempts[0].bootID == "p" && news.attempts[0].reference == "nginx")
        #expect(look([failing("ErrImagePull")]).attempts.isEmpty)
        #expect(look([failing("ImagePullBackOff")]).attempts.isEmpty)
        let again = look([failing("ErrImagePull")])
        #expect(again.attempts.count == 1 && again.attempts[0].id != news.attempts[0].id)
        let other = look([failing("ErrImagePull", "i/o timeout")])
        #expect(other.transitions.map(\.reason) == [.network])
        #expect(look([pod("q") { $0.containers["web"] = container("ImagePullBackOff", "x") }]).attempts.count == 1)
    }

    @Test(
        "Each set's pod tells of what it is to hold, the one of a reference that says most, and each kubelet's failure counts"
    )
    mutating func severalSets() throws {
        var own = Configuration()
        own.images = [
            ImageEntry(name: "cuda", reference: try ImageReference("cuda")),
            ImageEntry(name: "cache", reference: try ImageReference("docker.io/library/redis:latest")),
        ]
        further = [
            ImageSet(name: "gpu", own: own, main: Configuration()),
            // Nothing holds it, so that nothing tells of it.
            ImageSet(name: "pre", references: [try ImageReference("busybox")]),
        ]
        let main = pod("p") {
            $0.containers["web"] = container(nil)
            $0.containers["db"] = container("ImagePullBackOff", "manifest unknown")
        }
        let first = look([main])
        #expect(words(first) == ["nginx unknown held", "redis unknown failed", "cuda unknown none"])
        func gpu(_ cache: ContainerView) -> PodView {
            pod("g") {
                $0.set = "gpu"
                $0.containers["cuda"] = container("ErrImagePull", "no such host")
                $0.containers["cache"] = cache
            }
        }
        let waits = look([main, gpu(container("ContainerCreating"))])
        #expect(words(waits) == ["cuda unknown failed"], "redis failed in the other pod")
        #expect(waits.attempts.map(\.reference) == ["cuda"] && waits.attempts.map(\.bootID) == ["g"])
        #expect(words(look([main, gpu(container(nil, id: "x"))])) == ["redis failed held"])
        // The other set's pod alone.
        #expect(words(look([gpu(container(nil, id: "x"))])) == ["nginx held none"])
        #expect(ledger.isHeard("n"))
        further = []
        #expect(words(look([main])).sorted() == ["cuda failed none", "nginx unknown held", "redis held failed"])
    }

    @Test("What failed before this run began was told by the run that saw it")
    mutating func restart() {
        let news = look([pod(age: 100) { $0.containers["web"] = container("ImagePullBackOff", "manifest unknown") }])
        #expect(words(news) == ["nginx unknown failed", "redis unknown none"] && news.attempts.isEmpty)
    }
}
