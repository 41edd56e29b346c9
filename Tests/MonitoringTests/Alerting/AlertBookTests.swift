import Cluster
import Planning
import Testing

@testable import Alerting
@testable import Alerts
@testable import Formatting

@Suite("Alerts") struct AlertBookTests {
    private static let key = AlertKey(image: "web", reason: "notFound")
    private static func at(_ seconds: Double) -> Timestamp { Timestamp(milliseconds: 0) + seconds }

    private static func group(_ nodes: [String], reason: String = "notFound") -> OverdueGroup {
        OverdueGroup(
            key: AlertKey(image: "web", reason: reason), reference: "nginx:1", nodes: nodes, since: at(0), message: "m")
    }

    private static func raised() -> AlertBook {
        var book = AlertBook()
        book.update([group(["n1", "n2"])], at: at(900)) { _, _ in false }
        return book
    }

    @Test func isRaisedOnceToldAgainAndResolved() {
        var book = Self.raised()
        let first = book.due(at: Self.at(900))
        #expect(first.map(\.key) == [Self.key] && first[0].nodes == ["n1", "n2"] && first[0].isFiring)
        book.told(first, at: Self.at(900))
        #expect(book.due(at: Self.at(930)).isEmpty)
        book.update([Self.group(["n2", "n3"])], at: Self.at(940)) { _, _ in false }
        let again = book.due(at: Self.at(961))
        #expect(again.map(\.nodes) == [["n2", "n3"]])
        #expect(again[0].startsAt == Self.at(900))
        book.told(again, at: Self.at(961))
        book.update([], at: Self.at(970)) { _, _ in false }
        #expect(book.firing.isEmpty)
        let end = book.due(at: Self.at(970))
        #expect(end.map(\.resolvedAt) == [Self.at(970)])
        book.told(end, at: Self.at(970))
        #expect(!book.due(at: Self.at(1031)).isEmpty, "told again for a while, in case the receiver forgot")
        book.update([], at: Self.at(2000)) { _, _ in false }
        #expect(book.due(at: Self.at(2000)).isEmpty)
    }

    @Test func unknownResolvesNothing() {
        var book = Self.raised()
        book.update([], at: Self.at(910)) { image, node in image == "web" && node == "n1" }
        #expect(book.firing[Self.key]?.nodes == ["n1"], "n2 has the image")
        book.update([Self.group(["n3"])], at: Self.at(920)) { _, node in node == "n1" }
        #expect(book.firing[Self.key]?.nodes == ["n1", "n3"])
        book.update([], at: Self.at(930)) { _, _ in false }
        #expect(book.firing.isEmpty)
    }

    @Test func whatNobodyWasToldOfEndsInSilence() {
        var book = Self.raised()
        book.update([], at: Self.at(905)) { _, _ in false }
        #expect(book.due(at: Self.at(905)).isEmpty)
        #expect(book.takeUnsaved().map(\.isFiring) == [false], "history has it all the same")
    }

    @Test func aReceiverThatMayHaveHeardIsToldTheEnd() {
        var book = Self.raised()
        var random = Seeded(1)
        #expect(book.due(at: Self.at(900)).count == 1)
        #expect(book.failed(at: Self.at(900), using: &random))
        book.update([], at: Self.at(910)) { _, _ in false }
        #expect(book.due(at: Self.at(910)).map(\.isFiring) == [false])
    }

    @Test func failuresBackOffUpToAMinute() {
        var book = Self.raised()
        var random = Seeded(2)
        var now = 900.0
        for failure in 1...10 {
            #expect(!book.due(at: Self.at(now)).isEmpty)
            #expect(book.failed(at: Self.at(now), using: &random) == (failure == 1))
            let longest = min(60, 2 * Double(1 << (failure - 1)))
            #expect(book.due(at: Self.at(now + longest / 2 - 0.1)).isEmpty)
            now += longest
        }
        book.told(book.due(at: Self.at(now)), at: Self.at(now))
        book.update([Self.group(["n1"], reason: "network")], at: Self.at(now + 1)) { _, _ in false }
        #expect(book.due(at: Self.at(now + 1)).count == 2, "no pause is left after a success")
    }

    @Test func anEarlierRunsAlertsGoOn() {
        var book = Self.raised()
        book.told(book.due(at: Self.at(900)), at: Self.at(900))
        let stored = book.takeUnsaved()
        #expect(stored.map(\.isTold) == [true])
        var next = AlertBook()
        next.restore(stored)
        next.update([], at: Self.at(950)) { _, _ in true }
        #expect(next.firing == book.firing)
        #expect(next.due(at: Self.at(950)).map(\.startsAt) == [Self.at(900)])
        #expect(next.takeUnsaved().isEmpty)
        next.update([Self.group(["n1", "n2"])], at: Self.at(960)) { _, _ in false }
        #expect(next.firing == book.firing)
    }

    @Test func messagesNameWhatPeopleNeed() throws {
        var alert = try #require(Self.raised().firing[Self.key])
        alert.nodes = (1...25).map { "node-\($0)" }
        let origin = AlertMessage.Origin(
            namespace: "ns", configMap: "cm", externalURL: WebLink("https://x.example/"),
            runbookURL: WebLink("https://wiki.example/runbook"))
        let message = AlertMessage(alert, at: Self.at(1000), origin: origin)
        #expect(
            message.labels == [
                "alertname": "ImageMissing", "severity": "warning", "image": "web", "reason": "notFound",
                "namespace": "ns", "configmap": "cm",
            ])
        #expect(message.annotations["nodes"]?.hasSuffix("node-20 and 5 more") == true)
        #expect(message.annotations["summary"]?.contains("25 nodes") == true)
        #expect(message.annotations["sets"] == nil)
        alert.sets = ["default", "gpu"]
        #expect(AlertMessage(alert, at: Self.at(1000), origin: origin).annotations["sets"] == "default, gpu")
        alert.sets = (1...30).map { "set-\($0)" }
        let many = AlertMessage(alert, at: Self.at(1000), origin: origin)
        #expect(many.annotations["sets"]?.hasSuffix("set-20 and 10 more") == true && many.labels == message.labels)
        #expect(message.annotations["description"]?.contains("nginx:1") == true)
        #expect(message.startsAt == "1970-01-01T00:15:00.000Z" && message.endsAt == "1970-01-01T00:21:40.000Z")
        #expect(message.generatorURL == "https://x.example/#/image/web")
        #expect(message.annotations["runbook_url"] == "https://wiki.example/runbook#imagemissing")
        alert.resolvedAt = Self.at(990)
        #expect(AlertMessage(alert, at: Self.at(1000), origin: origin).endsAt == "1970-01-01T00:16:30.000Z")
        alert.nodes = []
        let later = AlertMessage(alert, at: Self.at(2000), origin: .init(namespace: "ns", configMap: "cm"))
        #expect(later.labels == message.labels && later.generatorURL == nil)
        #expect(later.annotations["runbook_url"] == nil, "a link that leads nowhere is worse than none")
    }

    @Test(arguments: [
        ("http://a:9093", "http://a:9093/api/v2/alerts"), ("http://a:9093/", "http://a:9093/api/v2/alerts"),
        ("https://u:p@a/prefix", "https://u:p@a/prefix/api/v2/alerts"),
        ("http://a/api/v2/alerts", "http://a/api/v2/alerts"), ("http://a?x=1", "http://a/api/v2/alerts?x=1"),
    ])
    func theReceiversAddress(webhook: String, url: String) {
        #expect(AlertReceiver.url(webhook) == url)
    }
}
