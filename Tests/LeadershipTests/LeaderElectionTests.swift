import Testing

@testable import Leadership

@Suite struct LeaderElectionTests {
    @Test func theFirstCandidateLeadsAtOnce() throws {
        var world = ElectionWorld(seed: 1, candidates: 1)
        try world.run(until: 2)
        #expect(world.livingLeader == 0)
        #expect(world.server.record == LeaseRecord(holder: "c0", duration: .seconds(10), transitions: 0))
        // And goes on leading.
        try world.run(until: 600)
        #expect(world.reigns.count == 1)
    }

    @Test(arguments: UInt64(1)...50)
    func ofManyExactlyOneLeads(seed: UInt64) throws {
        var world = ElectionWorld(seed: seed, candidates: 5)
        try world.run(until: 120)
        #expect(world.livingLeader != nil)
        #expect(world.reigns.count == 1, "seed \(seed): without trouble nobody else ever leads")
    }

    @Test(arguments: UInt64(1)...100)
    func anotherLeadsSoonAfterADeath(seed: UInt64) throws {
        var world = ElectionWorld(seed: seed, candidates: 3)
        try world.run(until: .random(in: 20...40, using: &world.random))
        let first = try #require(world.livingLeader)
        let death = world.now
        world.kill(first)
        try world.run(until: death + 12)
        let second = try #require(world.livingLeader, "seed \(seed): nobody leads 12 s after the leader was killed")
        #expect(second != first)
        #expect(world.server.record?.transitions == 1)
    }

    @Test(arguments: UInt64(1)...100)
    func anotherLeadsAtOnceAfterARelease(seed: UInt64) throws {
        var world = ElectionWorld(seed: seed, candidates: 3)
        try world.run(until: .random(in: 20...40, using: &world.random))
        let first = try #require(world.livingLeader)
        let end = world.now
        world.terminate(first)
        #expect(world.acting.isEmpty, "it stops acting before it gives the Lease up")
        try world.run(until: end + 3)
        let second = try #require(world.livingLeader, "seed \(seed): nobody leads 3 s after the Lease was released")
        #expect(second != first)
    }

    @Test(arguments: UInt64(1)...20)
    func anIdleMinuteCostsFewRequests(seed: UInt64) throws {
        var world = ElectionWorld(seed: seed, candidates: 1)
        try world.run(until: 30)
        let before = world.server.requests
        try world.run(until: 630)
        #expect(Double(world.server.requests - before) / 10 <= 18)
    }

    /// A hang of the API server costs one request's timeout; there's time for another try.
    @Test(arguments: UInt64(1)...100)
    func oneLostRenewalEndsNoReign(seed: UInt64) throws {
        var world = ElectionWorld(seed: seed, candidates: 2)
        try world.run(until: 20)
        let first = try #require(world.livingLeader)
        let renewals = world.server.requests
        world.network = .init(loss: 1)
        // Too short for two renewals, even where one was already under way.
        try world.run(until: 22)
        world.network = .init()
        try world.run(until: 60)
        #expect(world.livingLeader == first)
        #expect(world.reigns.count == 1)
        #expect(world.server.requests > renewals)
    }

    @Test func aProcessThatWasStoppedFindsItselfNotLeading() throws {
        var world = ElectionWorld(seed: 3, candidates: 2)
        try world.run(until: 20)
        let first = try #require(world.livingLeader)
        world.pause(first, for: 60)
        try world.run(until: 32)
        let second = try #require(world.livingLeader)
        #expect(second != first)
        try world.run(until: 100)
        #expect(world.candidates[first].election.standing == .lost(.notRenewed))
        #expect(world.livingLeader == second)
    }

    @Test func aLeaderWithoutAnAPIServerStopsInTime() throws {
        var world = ElectionWorld(seed: 4, candidates: 1)
        try world.run(until: 20)
        world.network = .init(loss: 1)
        try world.run(until: 29.5)
        #expect(world.acting.isEmpty)
        #expect(world.candidates[0].election.standing == .lost(.notRenewed))
    }

    @Test func whoFindsAnothersNameLeadsNoMore() {
        var election = LeaderElection(identity: "me")
        let none = LeaderElection.Answer.absent
        election.received(none, sentAt: .zero, now: .seconds(0), random: 0)
        #expect(election.next(now: .zero) == .create(LeaseRecord(holder: "me")))
        election.received(.written(version: "1"), sentAt: .zero, now: .zero, random: 0)
        #expect(election.standing == .leading(until: .seconds(8)))
        let due = election.settings.renewPeriod * 0.9
        #expect(election.next(now: .zero) == .wait(until: due))
        #expect(election.next(now: due) == .replace(LeaseRecord(holder: "me"), version: "1"))
        election.received(.conflict, sentAt: due, now: due, random: 0)
        #expect(election.next(now: due) == .read)
        let others = LeaseRecord(holder: "other", transitions: 1)
        election.received(.read(others, version: "2"), sentAt: due, now: due, random: 0)
        #expect(election.standing == .lost(.taken(by: "other")))
        #expect(election.actsUntil(at: due) == nil)
        #expect(election.next(now: due) == .end)
    }

    @Test func anAnswerThatComesTooLateGivesNothing() {
        var election = LeaderElection(identity: "me")
        election.received(.absent, sentAt: .zero, now: .zero, random: 0)
        election.received(.written(version: "1"), sentAt: .zero, now: .seconds(9), random: 0)
        #expect(election.standing == .following)
        #expect(election.actsUntil(at: .seconds(9)) == nil)
    }

    @Test(arguments: [("pod-a_1", true), ("pod-a_b_1", false), ("pod-b_1", false), ("pod-a", false)])
    func aLeaseOfThePodsFormerContainerIsTakenAtOnce(_ holder: String, _ isTaken: Bool) {
        var election = LeaderElection(identity: "pod-a_2", pod: "pod-a")
        let record = LeaseRecord(holder: holder)
        election.received(.read(record, version: "1"), sentAt: .zero, now: .zero, random: 0)
        let mine = LeaseRecord(holder: "pod-a_2", transitions: 1)
        #expect(
            election.next(now: .zero) == (isTaken ? .replace(mine, version: "1") : .wait(until: .seconds(1))))
    }

    @Test func outsideOfPodsALeaseOfTheSameHostIsWaitedFor() {
        var election = LeaderElection(identity: "host_2")
        election.received(.read(LeaseRecord(holder: "host_1"), version: "1"), sentAt: .zero, now: .zero, random: 0)
        #expect(election.next(now: .zero) == .wait(until: .seconds(1)))
    }

    @Test func aLeaseThatWantsMoreTimeGetsIt() {
        var election = LeaderElection(identity: "me")
        let record = LeaseRecord(holder: "other", duration: .seconds(40))
        for second in stride(from: 0, to: 40, by: 1) {
            let moment = Duration.seconds(second)
            election.received(.read(record, version: "1"), sentAt: moment, now: moment, random: 0)
            #expect(election.next(now: moment + .seconds(1)) == .read)
        }
        election.received(.read(record, version: "1"), sentAt: .seconds(40), now: .seconds(40), random: 0)
        #expect(
            election.next(now: .seconds(40))
                == .replace(LeaseRecord(holder: "me", transitions: 1), version: "1"))
    }
}
