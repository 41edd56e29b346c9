import Cluster
import Planning
import Testing

@testable import Alerting
@testable import Alerts
@testable import History

@Suite("Alerts in SQLite") struct StoredAlertsTests {
    private static func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

    private static func alert(_ reason: String, start: Int64, end: Int64? = nil) -> Alert {
        Alert(
            key: AlertKey(image: "web", reason: reason), reference: "nginx:1", nodes: ["n1", "né\"2"], since: at(1),
            message: "it's \"broken\"", startsAt: at(start), resolvedAt: end.map { at($0) }, isTold: true)
    }

    @Test func comeBackAsTheyWere() async throws {
        let store = HistoryStore(HistoryConfiguration(location: .memory))
        let memory = StoredAlerts(store: store, imageSet: "a/b")
        #expect(await memory.recall(at: Self.at(0)) == RememberedAlerts())
        let (old, recent, firing) = (
            Self.alert("tls", start: 5, end: 1000), Self.alert("network", start: 10, end: 800_000),
            Self.alert("notFound", start: 20)
        )
        #expect(await memory.store([old, recent, firing], at: Self.at(0)))
        var changed = firing
        changed.nodes = ["n3"]
        #expect(await memory.store([changed], at: Self.at(0)))
        #expect(await StoredAlerts(store: store, imageSet: "other").store([old], at: Self.at(0)))
        #expect(await memory.recall(at: Self.at(1_000_000))?.alerts == [recent, changed])
        await store.close()
        #expect(await memory.recall(at: Self.at(0)) == nil)
        #expect(await memory.store([old], at: Self.at(0)) == false)
    }

    @Test func absencesBeginWhereTransitionsSay() async throws {
        let store = HistoryStore(HistoryConfiguration(location: .memory))
        _ = await store.startRun(at: 50)
        _ = await store.heartbeat(at: 900)
        _ = await store.endRun(at: 950)
        _ = await store.startRun(at: 2000)
        _ = await store.record(nodeEvents: [NodeEventRecord(node: "n1", event: .joined(labels: [:]), at: 90)])
        func change(_ image: String, _ states: [(RecordedState, RecordedReason, Int64)]) async {
            _ = await store.record(
                transitions: states.map {
                    TransitionRecord(node: "n1", image: image, to: $0.0, reason: $0.1, digest: nil, at: $0.2)
                })
        }
        await change(
            "gone",
            [
                (.present, .none, 100), (.missing, .none, 200), (.pulling, .none, 210), (.failed, .tls, 220),
                (.pulling, .none, 230),
            ])
        await change("new", [(.missing, .none, 300), (.pulling, .none, 310)])
        await change("back", [(.failed, .network, 100), (.present, .none, 150)])
        await change("again", [(.failed, .network, 100), (.present, .none, 150), (.missing, .none, 400)])
        _ = await store.record(
            transitions: [
                TransitionRecord(node: "left", image: "gone", to: .missing, reason: .none, digest: nil, at: 1)
            ])
        let memory = try #require(await StoredAlerts(store: store, imageSet: "a/b").recall(at: Self.at(3000)))
        #expect(memory.lastAlive == Self.at(950))
        var absences = memory.absences
        #expect(Array(absences.nodes) == ["n1"])
        let known = absences.take("n1")
        #expect(
            known == [
                "gone": .init(since: Self.at(200), counted: Self.at(200), reason: .tls),
                "new": .init(since: Self.at(300), counted: Self.at(300)),
                "again": .init(since: Self.at(400), counted: Self.at(400)),
            ])
    }
}
