import ClusterModel
import Shared
import Testing

@Suite struct PullTests {
    @Test func aPullTakesItsTimeAndLeavesTheImage() throws {
        var cluster = try Fixture.cluster()
        let id = cluster.startPull(node: "n1", reference: "registry.example.com/app:1")
        let events = cluster.advance(to: 100)
        let pull = try #require(events.finishedPulls.first)
        #expect(pull.id == id && pull.failure == nil && pull.bytes == 1000)
        #expect(abs((events.first?.time ?? 0) - 10) < 1e-6)
        let image = try #require(cluster.runtime("n1")?.image("registry.example.com/app:1"))
        #expect(image.tags == ["registry.example.com/app:1"])
        #expect(image.digests == ["registry.example.com/app@\(Fixture.image("app").digest)"])
        #expect(cluster.runtime("n2")?.images.isEmpty == true)
        let next = cluster.nextEventTime
        #expect(next == nil)
    }

    @Test func aSecondPullOfTheSameImageTransfersNothing() throws {
        var cluster = try Fixture.cluster()
        cluster.startPull(node: "n1", reference: "registry.example.com/app:1")
        _ = cluster.advance(to: 20)
        cluster.startPull(node: "n1", reference: "registry.example.com/app:1")
        let bytes = cluster.advance(to: 20).finishedPulls.map(\.bytes)
        #expect(bytes == [0])
    }

    @Test func aMovedTagLeavesTheOldImageWithItsDigestAlone() throws {
        var cluster = try Fixture.cluster()
        let reference = try Fixture.reference("app:1")
        cluster.startPull(node: "n1", reference: reference.written)
        _ = cluster.advance(to: 20)
        let moved = Fixture.image("app", version: "2")
        cluster.changeRegistry(Fixture.host) { $0.publish(moved, as: reference) }
        cluster.startPull(node: "n1", reference: reference.written)
        _ = cluster.advance(to: 40)
        let runtime = try #require(cluster.runtime("n1"))
        #expect(runtime.image(reference.written)?.id == moved.id)
        #expect(runtime.images.map(\.tags) == [[], [reference.normalised]])
        let pinned = "\(reference.name)@\(Fixture.image("app").digest)"
        #expect(runtime.image(pinned)?.id == Fixture.image("app").id)
    }

    @Test func registriesRefuseAboveTheirLimit() throws {
        var cluster = try Fixture.cluster(nodes: 5)
        cluster.changeRegistry(Fixture.host) {
            $0.maximumPulls = 3
            $0.retryAfter = 7
        }
        for node in cluster.nodeNames { cluster.startPull(node: node, reference: "registry.example.com/app:1") }
        let finished = cluster.advance(to: 100).finishedPulls
        #expect(finished.filter { $0.failure?.cause == .rateLimited }.count == 2)
        #expect(finished.filter { $0.image != nil }.count == 3)
        #expect(finished.first?.failure?.retryAfter == 7)
        #expect(cluster.registry(Fixture.host)?.counters.peakRunning == 3)
        #expect(cluster.registry(Fixture.host)?.counters.refused == 2)
        #expect(cluster.registry(Fixture.host)?.counters.running == 0)
    }

    @Test func anOutageBreaksWhatRunsAndRefusesWhatComes() throws {
        var cluster = try Fixture.cluster()
        cluster.startPull(node: "n1", reference: "registry.example.com/app:1")
        _ = cluster.advance(to: 5)
        cluster.changeRegistry(Fixture.host) { $0.availability = .refusing }
        cluster.startPull(node: "n2", reference: "registry.example.com/app:1")
        let finished = cluster.advance(to: 6).finishedPulls
        #expect(finished.map(\.failure?.cause) == [.network, .registryUnavailable])
        #expect(finished.first?.bytes == 500)
        cluster.changeRegistry(Fixture.host) { $0.availability = .available }
        cluster.startPull(node: "n1", reference: "registry.example.com/app:1")
        let again = cluster.advance(to: 30).finishedPulls
        #expect(again.first?.image != nil)
    }

    @Test func aFullDiskEndsThePullAndIsFreeAgainAfterwards() throws {
        var cluster = try Fixture.cluster()
        cluster.setDisk(capacity: 1750, node: "n1")
        cluster.startPull(node: "n1", reference: "registry.example.com/app:1")
        let pull = try #require(cluster.advance(to: 100).finishedPulls.first)
        #expect(pull.failure?.cause == .diskFull)
        #expect(pull.bytes == 500)
        #expect(cluster.runtime("n1")?.freeBytes == 1750)
    }

    @Test func anImageThatFailsTwiceSucceedsTheThirdTime() throws {
        var cluster = try Fixture.cluster()
        let reference = try Fixture.reference("app:1")
        cluster.changeRegistry(Fixture.host) { $0.fail(reference, attempts: 2) }
        var causes: [PullFailure.Cause?] = []
        for _ in 0..<3 {
            cluster.startPull(node: "n1", reference: reference.written)
            causes += cluster.advance(to: cluster.now + 20).finishedPulls.map(\.failure?.cause)
        }
        #expect(causes == [.registryUnavailable, .registryUnavailable, nil])
    }

    @Test func cancelledPullsAndDeadNodesSayNothing() throws {
        var cluster = try Fixture.cluster()
        let id = cluster.startPull(node: "n1", reference: "registry.example.com/app:1")
        cluster.startPull(node: "n2", reference: "registry.example.com/app:1")
        _ = cluster.advance(to: 5)
        let cancels = [cluster.cancelPull(id), cluster.cancelPull(id)]
        #expect(cancels == [true, false])
        cluster.setOnline(false, node: "n2")
        let events = cluster.advance(to: 100)
        #expect(events.isEmpty)
        #expect(cluster.runningPulls.isEmpty)
        #expect(cluster.registry(Fixture.host)?.counters.running == 0)
    }

    @Test func congestionSlowsTheWholeRegistryDown() throws {
        var cluster = try Fixture.cluster(nodes: 4)
        cluster.changeRegistry(Fixture.host) {
            $0.bandwidth = 100
            $0.congestedAbove = 2
        }
        for node in cluster.nodeNames { cluster.startPull(node: node, reference: "registry.example.com/app:1") }
        _ = cluster.advance(to: 1)
        let rate = cluster.rate(of: Fixture.host)
        #expect(abs(rate - 50) < 1e-6)
    }
}
