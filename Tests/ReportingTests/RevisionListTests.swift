import Cluster
import Foundation
import ImageSets
import Testing

@testable import ConfigurationParsing
@testable import ControlFixtures
@testable import Formatting
@testable import History
@testable import Planning
@testable import Reporting

@Suite("The list of edits") struct RevisionListTests {
    private static func record(_ number: Int64?, _ configuration: Configuration?, findings: [Finding] = [])
        -> RevisionRecord
    {
        RevisionRecord(
            imageSet: "a/b", number: number, at: 1_700_000_000_000, data: [:],
            findings: RevisionNotes(findings: findings, configuration: configuration).text)
    }

    @Test("Each edit has what it changed against the revision before, over rejected ones")
    func changes() throws {
        let first = try Stage.configuration(["web=nginx:1.26", "db=redis"])
        var second = try Stage.configuration(["web=nginx:1.27", "new=busybox"])
        second.pullMaxParallel = 20
        let fault = Finding(severity: .error, key: "IMAGES", message: "no entry is valid")
        let list = RevisionList(
            [Self.record(2, second), Self.record(nil, nil, findings: [fault]), Self.record(1, first)], limit: 3)
        #expect(list.items.map(\.revision) == [2, nil, 1])
        #expect(
            list.items[0].changes.map(\.text) == [
                "web: nginx:1.26 -> nginx:1.27", "+ new: busybox", "- db: redis", "PULL_MAX_PARALLEL: 250 -> 20",
            ])
        #expect(!list.items[1].isAccepted && list.items[1].errors == ["IMAGES: no entry is valid."])
        #expect(list.items[2].changes.map(\.text) == ["+ web: nginx:1.26", "+ db: redis"])
        #expect(list.csv[1] == "2023-11-14T22:13:20.000Z,2,IMAGES,web,nginx:1.26,nginx:1.27")
        let text = list.text(TextStyle(isColoured: false), width: 80)
        #expect(text.first == "2023-11-14T22:13:20Z  revision 2" && text.contains("2023-11-14T22:13:20Z  rejected"))
    }

    @Test("What is older than was asked for is compared with, and not shown")
    func limit() throws {
        let (old, new) = (try Stage.configuration(["web=nginx"]), try Stage.configuration(["web=nginx", "db=redis"]))
        let list = RevisionList([Self.record(2, new), Self.record(1, old)], limit: 1)
        #expect(list.items.count == 1 && list.items[0].changes.map(\.text) == ["+ db: redis"])
    }

    @Test("Passwords in a URL stay out")
    func secrets() throws {
        let old = try Stage.configuration(["web=nginx"])
        var new = old
        new.alertWebhookURL = "https://user:secret@alerts.example.com"
        let changes = ConfigurationChange.between(old, new)
        #expect(changes.map(\.key) == ["ALERT_WEBHOOK_URL"])
        #expect(!changes.map(\.text).joined().contains("secret"))
    }
}
