import Cluster
import Planning
import Testing

@testable import Alerting
@testable import Alerts

@Suite struct InheritedAbsencesTests {
    private static func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

    @Test func anAlertChangesWhatIsKnownOrAddsIt() {
        var remembered = RememberedAlerts()
        remembered.absences.add(.init(since: Self.at(5), counted: Self.at(5)), of: "web", on: "n1")
        remembered.absences.add(.init(since: Self.at(7), counted: Self.at(7), reason: .tls), of: "db", on: "n1")
        remembered.alerts = [
            Alert(
                key: AlertKey(image: "web", reason: "network"), reference: "web", nodes: ["n1", "n2"],
                since: Self.at(3), message: "no route", startsAt: Self.at(9))
        ]
        var absences = remembered.absencesWithAlerts
        let overdue = AbsenceLedger.Absence(
            since: Self.at(5), counted: Self.at(0), reason: .network, message: "no route")
        let others = AbsenceLedger.Absence(since: Self.at(7), counted: Self.at(7), reason: .tls)
        #expect(absences.take("n1") == ["web": overdue, "db": others])
        var only = overdue
        only.since = Self.at(3)
        #expect(absences.take("n2") == ["web": only])
        #expect(absences.take("n2") == nil && absences.nodes.isEmpty)
    }

    @Test func timeInWhichNobodyKnewDoesNotCount() {
        var absences = InheritedAbsences()
        for (node, reference) in [("n1", "web"), ("n1", "db"), ("n2", "web")] {
            absences.add(.init(since: Self.at(10), counted: Self.at(10)), of: reference, on: node)
        }
        absences.delay("n1", by: 5)
        absences.delay("n3", by: 5)
        absences.keep { $0 != "n2" }
        let later = AbsenceLedger.Absence(since: Self.at(10), counted: Self.at(15))
        #expect(absences.take("n1") == ["web": later, "db": later])
        #expect(absences.take("n2") == nil)
    }
}
