import Cluster
import ImageSets
import Planning
import Shared
import Testing

@testable import Alerting
@testable import Alerts
@testable import ControlFixtures
@testable import Reporting

@Suite("What is overdue, and why") struct OverdueScanTests {
    private static func snapshot(_ desk: SnapshotDesk) -> Snapshot {
        var snapshot = Snapshot(
            configuration: desk.configuration, revision: 1, cluster: desk.cluster, fleet: desk.fleet, now: desk.now)
        snapshot.sets = desk.sets
        return snapshot
    }

    /// A look, a wait that is longer than ALERT_AFTER_SECONDS, and another look, with all nodes heard.
    private static func overdue(_ desk: inout SnapshotDesk, nodes: Int) -> [OverdueGroup] {
        var scan = OverdueScan()
        _ = scan.look(snapshot(desk), cells: snapshot(desk).targetCells())
        desk.now = desk.now + Double(desk.configuration.alertAfterSeconds) + 1
        for number in 1...nodes { desk.report("n\(number)") { $0.full.images = [.listed("nginx")] } }
        return scan.look(snapshot(desk), cells: snapshot(desk).targetCells())
    }

    @Test("A broken entry is one group, though most nodes only wait for those that tried it")
    func oneFault() throws {
        var desk = try SnapshotDesk(["web=nginx", "legacy=absent"], nodes: 5)
        for number in 1...5 { desk.report("n\(number)") { $0.full.images = [.listed("nginx")] } }
        for node in ["n1", "n2"] { try desk.fail(node, "absent", "manifest unknown") }
        let groups = Self.overdue(&desk, nodes: 5)
        #expect(groups.map(\.key) == [AlertKey(image: "legacy", reason: "notFound")])
        #expect(groups.first?.nodes == ["n1", "n2", "n3", "n4", "n5"])
        #expect(groups.first?.message == "manifest unknown")
        let message = AlertMessage(
            Alert(
                key: groups[0].key, reference: "absent", nodes: groups[0].nodes, since: desk.now, startsAt: desk.now),
            at: desk.now, origin: .init(namespace: "a", configMap: "b"))
        #expect(message.annotations["next_step"] == "kubectl image-puller --namespace a image legacy")
    }

    @Test("An image that a kubelet refuses isn't told as missing")
    func refused() {
        let alert = Alert(
            key: AlertKey(image: "web", reason: AlertKey.refused), reference: "nginx", nodes: ["n1"],
            since: Timestamp(milliseconds: 0), message: "mirror.example/nginx", startsAt: Timestamp(milliseconds: 0))
        let told = AlertMessage(
            alert, at: Timestamp(milliseconds: 0), origin: .init(namespace: "a", configMap: "b")
        ).annotations
        #expect(told["summary"] == "web has been present, and refused by the kubelet on 1 node for too long")
        #expect(
            told["description"]
                == "nginx has been present, and refused by the kubelet since 1970-01-01T00:00:00.000Z on n1. "
                + "The kubelet says: mirror.example/nginx")
    }

    @Test("A group has the sets that list its image, prefetches by one name; an alert keeps them")
    func sets() throws {
        var desk = try SnapshotDesk(["web=nginx", "legacy=absent"], nodes: 2)
        let own = try Stage.configuration(["old=absent"])
        desk.sets =
            [ImageSet(name: "gpu", own: own, main: desk.configuration)]
            + (try ["x", "y"].map {
                ImageSet(
                    name: "prefetch-\($0)", references: [try ImageReference("absent"), try ImageReference("gone")])
            })
        _ = desk.fleet.adopt(desk.configuration, sets: desk.sets, at: desk.now)
        for number in 1...2 { desk.report("n\(number)") { $0.full.images = [.listed("nginx")] } }
        let groups = Self.overdue(&desk, nodes: 2)
        let sets = Dictionary(uniqueKeysWithValues: groups.map { ($0.key.image, $0.sets) })
        #expect(sets["legacy"] == ["default", "gpu", LastingNames.prefetches])
        #expect(sets.count == 2 && sets["gone"] == [LastingNames.prefetches])
        var book = AlertBook()
        book.update(groups, at: desk.now) { _, _ in false }
        #expect(Set(book.firing.values.map(\.sets)) == Set(sets.values))
        // Its nodes are silent: nobody knows more.
        book.update([], at: desk.now + 1) { _, _ in true }
        #expect(Set(book.firing.values.map(\.sets)) == Set(sets.values))
    }

    @Test("Who waits for nobody is pending")
    func pending() throws {
        var desk = try SnapshotDesk(["web=nginx", "slow=large"], nodes: 2)
        for number in 1...2 { desk.report("n\(number)") { $0.full.images = [.listed("nginx")] } }
        let groups = Self.overdue(&desk, nodes: 2)
        #expect(groups.map(\.key) == [AlertKey(image: "slow", reason: AlertKey.pending)])
        #expect(groups.first?.nodes == ["n1", "n2"])
    }
}
