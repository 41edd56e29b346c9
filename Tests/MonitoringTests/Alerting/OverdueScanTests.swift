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
        Snapshot(
            configuration: desk.configuration, revision: 1, cluster: desk.cluster, fleet: desk.fleet, now: desk.now)
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

    @Test("Who waits for nobody is pending")
    func pending() throws {
        var desk = try SnapshotDesk(["web=nginx", "slow=large"], nodes: 2)
        for number in 1...2 { desk.report("n\(number)") { $0.full.images = [.listed("nginx")] } }
        let groups = Self.overdue(&desk, nodes: 2)
        #expect(groups.map(\.key) == [AlertKey(image: "slow", reason: AlertKey.pending)])
        #expect(groups.first?.nodes == ["n1", "n2"])
    }
}
