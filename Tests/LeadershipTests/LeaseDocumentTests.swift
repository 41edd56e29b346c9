import Foundation
import Shared
import Testing

@testable import Leadership

@Suite struct LeaseDocumentTests {
    private let moment = Date(timeIntervalSince1970: 1_795_467_456.000_42)

    @Test func aNewLeaseSaysAll() {
        let record = LeaseRecord(holder: "me", duration: .seconds(10), transitions: 0)
        let lease = Lease(name: "l", namespace: "n").holding(record, version: nil, now: moment)
        #expect(lease.document["apiVersion"] == "coordination.k8s.io/v1")
        #expect(lease.document["metadata"]?["resourceVersion"] == nil)
        let time = lease.document["spec"]?["renewTime"]
        #expect(time?.stringValue?.wholeMatch(of: /2026-11-2\dT\d\d:\d\d:\d\d\.0004\d\dZ/) != nil)
        #expect(lease.document["spec"]?["acquireTime"] == time)
        #expect(lease.record == record)
    }

    @Test func aRenewalKeepsTheTimeOfTheTakeoverAndWhatItDoesNotKnow() {
        var record = LeaseRecord(holder: "other", transitions: 3)
        let seen: JSONValue = [
            "metadata": ["name": "l", "resourceVersion": "7", "labels": ["a": "b"], "managedFields": []],
            "spec": [
                "holderIdentity": "me", "leaseDurationSeconds": 10, "leaseTransitions": 3, "acquireTime": "then",
                "renewTime": "then", "strategy": "unheard of",
            ],
        ]
        record.holder = "me"
        var renewed = Lease(document: seen).holding(record, version: "7", now: moment)
        #expect(renewed.document["spec"]?["acquireTime"] == "then")
        #expect(renewed.document["spec"]?["renewTime"] != "then")
        #expect(renewed.document["spec"]?["strategy"] == "unheard of")
        #expect(renewed.document["metadata"]?["labels"] == ["a": "b"])
        #expect(renewed.document["metadata"]?["managedFields"] == nil)
        #expect(renewed.version == "7")
        record.holder = "new"
        renewed = renewed.holding(record, version: "7", now: moment)
        #expect(renewed.document["spec"]?["acquireTime"] == renewed.document["spec"]?["renewTime"])
        // Nobody: the field goes away.
        record.holder = ""
        renewed = renewed.holding(record, version: "7", now: moment)
        #expect(renewed.document["spec"]?["holderIdentity"] == nil)
        #expect(renewed.record.holder == "")
    }

    @Test(arguments: [(-5, 1), (0, 1), (10, 10), (86_400, 60)])
    func durationsAreBelievedWithinReason(written: Int64, believed: Int64) {
        let lease = Lease(document: ["spec": ["leaseDurationSeconds": .integer(written)]])
        #expect(lease.record.duration == .seconds(believed))
    }
}

@Suite struct LeadershipBoardTests {
    @Test func itGoesByTheClock() async throws {
        let board = LeadershipBoard(lease: "n/l")
        #expect(!board.isLeading)
        board.post(until: .now + .seconds(60), leader: "me")
        #expect(board.isLeading && board.leader == "me")
        board.post(until: .now - .milliseconds(1), leader: "me")
        #expect(!board.isLeading, "nobody said so, but the time is over")
        #expect(LeadershipBoard.alone().isLeading)
        try await LeadershipBoard.alone().untilLeading()
    }
}
