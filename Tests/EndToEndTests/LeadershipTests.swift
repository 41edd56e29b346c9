import Foundation
import Shared
import Testing

@testable import History
@testable import KubernetesClient
@testable import Leadership
@testable import Reporting

extension EndToEndTests {
    /// Two coordinators: one acts. After a kill and after SIGTERM the other goes on, and no attempt is lost or doubled.
    @Test func anotherCoordinatorTakesOver() async throws {
        try await TestCluster.simulated { cluster in
            let relay = try ServiceRelay()
            defer { relay.close() }
            for user in ["first", "second", "third"] { try await cluster.createAdministrator(user) }
            let retry = ["RETRY_PERMANENT_SECONDS": "1"]
            try await cluster.configure(cluster.data([cluster.images[0], cluster.absentImage], retry))

            let first = try await cluster.startCandidate("first", user: "first", behind: relay)
            defer { first.program.kill() }
            try await eventually("the first leads") { await first.isReady }
            let second = try await cluster.startCandidate("second", user: "second", behind: relay)
            defer { second.program.kill() }
            try await untilAttempted(first)
            try await expectFollower(second)
            #expect(try await cluster.lease().record.transitions == 0)

            // Killed: the Lease has to run out.
            first.program.kill()
            let last = try await cluster.lease()
            try await eventually("the second leads", within: 120) { await second.isReady }
            let taken = try await cluster.lease()
            #expect(taken.record.transitions == 1)
            #expect(taken.record.holder != last.record.holder)
            let gap = try TestCluster.seconds(
                from: last.document["spec"]?["renewTime"], to: taken.document["spec"]?["acquireTime"])
            // Twelve seconds, and what a busy machine adds to them.
            #expect(gap > 9.5 && gap < 25, "from the last renewal to the takeover: \(gap) s")
            try await untilAttempted(second)

            // SIGTERM: the Lease is given up.
            let third = try await cluster.startCandidate("third", user: "third", behind: relay)
            defer { third.program.kill() }
            try await expectFollower(third)
            let end = Date()
            #expect(try await second.program.stop() == 0)
            #expect(second.program.log.contains("the Lease is released"))
            try await eventually("the third leads") { await third.isReady }
            let given = try await cluster.lease()
            #expect(given.record.transitions == 2)
            let wait = try TestCluster.seconds(
                from: .string(KubernetesTime(end).micro), to: given.document["spec"]?["acquireTime"])
            #expect(wait < 9.5, "the Lease wasn't waited for until it ran out: \(wait) s")
            try await untilAttempted(third)
            #expect(try await third.program.stop() == 0)
            #expect(try await cluster.lease().record.holder == "")

            try await expectTurns(cluster, ["first", "second", "third"])
            try await expectWholeHistory(cluster)
        }
    }

    /// A coordinator whose Lease somebody else takes ends, and says why.
    @Test func whoLosesTheLeaseEnds() async throws {
        try await TestCluster.simulated(nodes: 1) { cluster in
            let relay = try ServiceRelay()
            defer { relay.close() }
            try await cluster.createAdministrator("first")
            try await cluster.configure(cluster.data([cluster.images[0]]))
            let coordinator = try await cluster.startCandidate("first", user: "first", behind: relay)
            defer { coordinator.program.kill() }
            try await eventually("it leads") { await coordinator.isReady }
            try await eventually("the Lease is taken") {
                let lease = try await cluster.lease()
                let record = LeaseRecord(holder: "somebody else", transitions: lease.record.transitions + 1)
                let taken = lease.holding(record, version: lease.version, now: Date())
                try await cluster.client.replace(
                    taken.document, .leases, name: "kubernetes-image-puller", namespace: cluster.namespace)
                return true
            }
            try await eventually("the coordinator has ended") { !coordinator.program.process.isRunning }
            #expect(coordinator.program.process.terminationStatus != 0)
            #expect(coordinator.program.log.contains("somebody else holds the Lease"))
        }
    }

    /// A coordinator that was stopped for longer than the Lease lasts doesn't go on where it was: another leads.
    @Test func whoSleepsTooLongEnds() async throws {
        try await TestCluster.simulated { cluster in
            let relay = try ServiceRelay()
            defer { relay.close() }
            for user in ["first", "second"] { try await cluster.createAdministrator(user) }
            try await cluster.configure(cluster.data([cluster.images[0], cluster.absentImage]))
            let first = try await cluster.startCandidate("first", user: "first", behind: relay)
            defer { first.program.kill() }
            try await untilAttempted(first)
            relay.clear()
            let second = try await cluster.startCandidate("second", user: "second", behind: relay)
            defer { second.program.kill() }
            try await expectFollower(second)

            kill(first.program.process.processIdentifier, SIGSTOP)
            try await eventually("the second leads", within: 120) { await second.isReady }
            try await cluster.configure(cluster.data([cluster.images[1], cluster.absentImage]))
            kill(first.program.process.processIdentifier, SIGCONT)
            try await eventually("the first has ended") { !first.program.process.isRunning }
            #expect(first.program.process.terminationStatus != 0)
            #expect(first.program.log.contains("leads no more"))
            try await untilAttempted(second)
            try await expectTurns(cluster, ["first", "second"])
        }
    }

    // MARK: Checks

    /// Until the image is held everywhere, and the one that isn't there was tried by the node that tries it.
    private func untilAttempted(_ candidate: Candidate) async throws {
        try await eventually("images are held, and tried") {
            let answer = try await candidate.status("/api/v1/coverage?by=image")
            let report = try JSONDecoder().decode(CoverageReport.self, from: Data(answer.body.utf8))
            guard report.rows.count == 2 else { return false }
            let absent = report.rows[1].counts
            return report.rows[0].counts.held == 3 && absent.failed > 0 && absent.failed + report.heldBack == 3
        }
    }

    private func expectFollower(_ candidate: Candidate) async throws {
        #expect(try await candidate.status("/healthz").status == 200)
        #expect(try await candidate.status("/readyz").status == 503)
        let answer = try await candidate.status("/api/v1/coverage")
        #expect(answer.status == 503)
        #expect(answer.body.contains("not-leading"))
    }

    /// Each wrote to the cluster in its own time, and never in another's.
    private func expectTurns(_ cluster: TestCluster, _ names: [String]) async throws {
        let prefix = "system:serviceaccount:\(cluster.namespace):"
        let writers = try await cluster.requests().writes.filter {
            $0.user.hasPrefix(prefix) && $0.resource != "leases"
        }.map { String($0.user.dropFirst(prefix.count)) }
        var turns: [String] = []
        for writer in writers where turns.last != writer { turns.append(writer) }
        #expect(Set(turns).count == turns.count, "never two in turns: \(turns)")
        #expect(turns == names.filter(turns.contains), "\(turns)")
    }

    /// Agents number their attempts: what is stored has neither gaps nor doubles.
    private func expectWholeHistory(_ cluster: TestCluster) async throws {
        let store = HistoryStore(HistoryConfiguration(location: .file(cluster.historyFile)))
        _ = await store.open()
        let stored = try await store.read { try AttemptQuery(limit: 100_000).page($0).items.map(\.attempt) }
        await store.close()
        let boots = Dictionary(grouping: stored) { "\($0.node)/\($0.bootID)" }
        #expect(boots.count >= 3)
        for (boot, attempts) in boots {
            let numbers = attempts.map(\.attemptID).sorted()
            #expect(numbers == Array(1...Int64(numbers.count)), "\(boot)")
        }
        // The image that is there was pulled once by each node, whoever led.
        let pulled = stored.filter { $0.image == cluster.images[0] && $0.outcome == .succeeded }
        #expect(Set(pulled.map(\.node)).count == 3)
        #expect(pulled.count == 3)
    }
}
