import Cluster
import Planning
import Testing

@testable import Alerting
@testable import Alerts

@Suite("Since when images are absent") struct AbsenceLedgerTests {
    private static func at(_ seconds: Int) -> Timestamp { Timestamp(milliseconds: Int64(seconds) * 1000) }

    private static func sighting(
        _ absent: [String], _ reason: FailureReason? = nil, uid: String = "u", unknown: Set<String> = []
    ) -> AbsenceLedger.Sighting {
        .init(
            node: "n", uid: uid, absent: absent.map { .init(reference: $0, reason: reason, message: "") },
            unknown: unknown)
    }

    @Test func anAbsenceLastsThroughPullsAndFailures() {
        var ledger = AbsenceLedger()
        ledger.see(Self.sighting(["web"]), at: Self.at(10))
        ledger.see(Self.sighting(["web"], .network), at: Self.at(20))
        ledger.see(Self.sighting(["web"]), at: Self.at(30))
        let absence = ledger.absence(of: "web", on: "n")
        #expect(absence?.since == Self.at(10) && absence?.counted == Self.at(10))
        #expect(absence?.reason == .network, "while another attempt runs, the last reason stands")
        ledger.see(Self.sighting([]), at: Self.at(40))
        #expect(ledger.absence(of: "web", on: "n") == nil)
        ledger.see(Self.sighting(["web"]), at: Self.at(50))
        #expect(ledger.absence(of: "web", on: "n")?.since == Self.at(50))
        #expect(ledger.absence(of: "web", on: "n")?.reason == nil)
    }

    @Test func silenceDoesNotCount() {
        var ledger = AbsenceLedger()
        ledger.see(Self.sighting(["web"]), at: Self.at(10))
        ledger.see(Self.sighting(["web"]), at: Self.at(20))
        ledger.resume("n", at: Self.at(1020))
        ledger.see(Self.sighting(["web"]), at: Self.at(1020))
        let absence = ledger.absence(of: "web", on: "n")
        #expect(absence?.since == Self.at(10))
        #expect(absence?.counted == Self.at(1010), "ten seconds were seen, a thousand weren't")
    }

    @Test func anotherMachineBeginsAnew() {
        var ledger = AbsenceLedger()
        ledger.see(Self.sighting(["web"], .notFound), at: Self.at(10))
        ledger.see(Self.sighting(["web"], uid: "other"), at: Self.at(20))
        #expect(ledger.absence(of: "web", on: "n") == .init(since: Self.at(20), counted: Self.at(20)))
        ledger.keep { _ in false }
        #expect(ledger.absence(of: "web", on: "n") == nil)
    }

    @Test func anEarlierRunsKnowledgeIsInherited() {
        var ledger = AbsenceLedger()
        let old = AbsenceLedger.Absence(since: Self.at(100), counted: Self.at(100), reason: .tls)
        var inherited = InheritedAbsences()
        for reference in ["web", "db"] { inherited.add(old, of: reference, on: "n") }
        ledger.inherit(inherited, lastAlive: Self.at(150))
        #expect(ledger.absence(of: "web", on: "n") == nil, "unknown until the node is heard")
        ledger.resume("n", at: Self.at(350))
        ledger.see(Self.sighting(["web"]), at: Self.at(350))
        let absence = ledger.absence(of: "web", on: "n")
        #expect(absence?.since == Self.at(100) && absence?.counted == Self.at(300))
        #expect(absence?.reason == .tls)
        #expect(ledger.absence(of: "db", on: "n") == nil)
    }

    @Test func unknownCellsKeepWhatWasKnown() {
        var ledger = AbsenceLedger()
        ledger.see(Self.sighting(["web"]), at: Self.at(10))
        ledger.see(Self.sighting([], unknown: ["web"]), at: Self.at(20))
        #expect(ledger.absence(of: "web", on: "n")?.since == Self.at(10))
    }
}
