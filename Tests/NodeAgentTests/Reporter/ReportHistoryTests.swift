import Shared
import SwiftProtobuf
import Testing

@testable import NodeAgent

/// A node, its agent's state and a coordinator, with everything between them that can go wrong.
private struct World {
    var random: SeededRandom
    var state = ReportState(node: "n1", bootID: "boot")
    var coordinator = CoordinatorModel()
    var truth: [String: WireImage] = [:]
    var now = Duration.zero
    var late: [WireReport] = []
    var databases = 1
    var attemptEnds: [UInt64: Duration] = [:]

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func step() {
        now += .milliseconds(random.below(20_000))
        switch random.below(12) {
        case 0, 1, 2: changeImages()
        case 3, 4: state.listed(Array(truth.values), at: now)
        case 5: state.runtimeFailed(RuntimeFailure(.notAnswering, "away"))
        case 6: finishAttempt()
        case 7: restartCoordinator()
        case 8:
            // A report that was overtaken arrives after all.
            if !late.isEmpty { _ = coordinator.take(late.remove(at: random.below(late.count))) }
        default: exchange()
        }
    }

    mutating func changeImages() {
        for _ in 0...random.below(3) {
            let id = "sha256:\(random.below(12))"
            if truth[id] != nil, random.chance(0.4) {
                truth[id] = nil
                continue
            }
            var image = truth[id] ?? WireImage()
            image.id = id
            image.tags = ["registry/app:\(random.below(4))"]
            image.inUse = random.chance(0.5)
            truth[id] = image
        }
    }

    mutating func finishAttempt() {
        let end = now - .seconds(random.below(3))
        let id = state.attempts.append(
            .init(id: UInt64(random.below(99)), reference: "registry/app:1"), from: end - .seconds(1), to: end,
            result: .init(outcome: random.chance(0.5) ? .succeeded : .failed))
        attemptEnds[id] = end
    }

    mutating func restartCoordinator() {
        // What was on its way to the former process dies with its connections.
        late = []
        if random.chance(0.3) { databases += 1 }
        coordinator.restart(database: "database \(databases)")
        coordinator.storesAttempts = random.chance(0.9)
    }

    mutating func exchange() {
        let hadNews = state.hasNews
        let told = state.inventory.images
        let wasListed = state.inventory.listedAt != nil
        let report = state.nextReport(at: now, running: [], filesystem: nil)
        if !hadNews {
            #expect(report.inventory == nil, "a heartbeat carries no inventory")
        }
        switch random.below(6) {
        case 0: late.append(report)  // lost, or late
        case 1: _ = coordinator.take(report)  // the answer is lost
        default:
            let reply = coordinator.take(report)
            // The world doesn't stand still while an answer is on its way.
            if random.chance(0.4) {
                changeImages()
                state.listed(Array(truth.values), at: now)
                finishAttempt()
            }
            _ = state.answered(reply, at: now)
            if !reply.sendFull, wasListed {
                #expect(coordinator.inventory == told, "what is acknowledged is known")
            }
        }
    }

    /// From here on nothing goes wrong. Returns the number of reports until there was nothing more to say.
    mutating func settle() -> Int {
        coordinator.storesAttempts = true
        state.listed(Array(truth.values), at: now)
        var count = 0
        repeat {
            count += 1
            let reply = coordinator.take(state.nextReport(at: now, running: [], filesystem: nil))
            _ = state.answered(reply, at: now)
        } while count < 10 && (state.hasNews || coordinator.inventory == nil)
        return count
    }
}

@Suite struct ReportHistoryTests {
    @Test func everyHistoryEndsInTheTrueInventory() {
        for seed in 0..<3_000 as Range<UInt64> {
            var world = World(seed: seed)
            for _ in 0..<(10 + world.random.below(50)) { world.step() }
            let reports = world.settle()
            #expect(reports <= 3, "seed \(seed): it took \(reports) reports")
            #expect(world.coordinator.inventory == world.truth, "seed \(seed)")
            #expect(!world.state.hasNews, "seed \(seed): something is left to say")
            let recent = world.attemptEnds.filter { world.now - $0.value < AttemptLedger.retention }.keys
            #expect(recent.allSatisfy { world.coordinator.attempts[$0] != nil }, "seed \(seed): an attempt is lost")
            guard world.coordinator.inventory == world.truth else { return }
        }
    }

    @Test func afterTheLastNewsComesAHeartbeat() throws {
        var world = World(seed: 1)
        for _ in 0..<20 { world.changeImages() }
        world.finishAttempt()
        _ = world.settle()
        let report = world.state.nextReport(at: world.now + .seconds(3), running: [], filesystem: nil)
        #expect(report.inventory == nil)
        #expect(report.attempts.isEmpty)
        #expect(report.inventoryAgeMs == 3_000)
        #expect(try (report.serializedBytes() as [UInt8]).count < 120)
    }

    @Test func aFailedListingChangesNothingButItsAge() {
        var world = World(seed: 2)
        for _ in 0..<20 { world.changeImages() }
        _ = world.settle()
        let known = world.coordinator.inventory
        #expect(known?.isEmpty == false)
        world.state.runtimeFailed(RuntimeFailure(.socketMissing, "none of the runtime sockets exists"))
        #expect(world.state.hasNews)
        let report = world.state.nextReport(at: world.now + .seconds(60), running: [], filesystem: nil)
        #expect(report.inventory == nil)
        #expect(report.inventoryAgeMs == 60_000)
        #expect(report.runtime.fault == .socketMissing)
        #expect(report.runtime.listed)
        _ = world.state.answered(world.coordinator.take(report), at: world.now + .seconds(60))
        #expect(world.coordinator.inventory == known)
        #expect(!world.state.hasNews)
    }

    @Test func nothingIsClaimedBeforeTheFirstListing() {
        var state = ReportState(node: "n1", bootID: "boot")
        var coordinator = CoordinatorModel()
        let report = state.nextReport(at: .zero, running: [], filesystem: nil)
        #expect(report.inventory == nil)
        #expect(!report.runtime.listed)
        #expect(state.answered(coordinator.take(report), at: .zero) == .acknowledged(assignmentChanged: false))
        #expect(coordinator.inventory == nil)
        // A node without images is another thing than one that wasn't asked.
        state.listed([], at: .seconds(1))
        #expect(state.hasNews)
        let next = state.nextReport(at: .seconds(1), running: [], filesystem: nil)
        #expect(next.inventory == .full(WireInventory()))
    }

    @Test func answersThatMakeNoSenseAreFailures() {
        var state = ReportState(node: "n1", bootID: "boot")
        state.listed([], at: .zero)
        let report = state.nextReport(at: .zero, running: [], filesystem: nil)
        var reply = WireReportReply()
        reply.acknowledgedSequence = report.sequence + 1
        guard case .useless = state.answered(reply, at: .zero) else {
            Issue.record("an answer to another report was taken")
            return
        }
        #expect(state.hasNews)
        // A coordinator that asks for the full inventory again and again must not be answered at full speed.
        reply.acknowledgedSequence = state.nextReport(at: .zero, running: [], filesystem: nil).sequence
        reply.sendFull = true
        guard case .useless = state.answered(reply, at: .zero) else {
            Issue.record("the full inventory would be sent without end")
            return
        }
        #expect(state.hasNews)
    }

    @Test func oneThatStandsBySaysNothingOfTheNodeButWhatItDid() {
        var state = ReportState(node: "n1", bootID: "boot")
        func answer(standby: Bool, generation: UInt64, attempt: UInt64 = 0) {
            var reply = WireReportReply()
            reply.acknowledgedSequence = state.nextReport(at: .zero, running: [], filesystem: nil).sequence
            reply.acknowledgedAttempt = attempt
            reply.databaseID = "db"
            reply.assignment.generation = generation
            reply.assignment.standby = standby
            #expect(state.answered(reply, at: .zero) == .acknowledged(assignmentChanged: true))
        }
        state.runtimeIs(name: "containerd", version: "2", socket: "/s")
        state.pullSecrets(digest: "d")
        state.listed([.with { $0.id = "a" }], at: .zero)
        answer(standby: false, generation: 5)
        state.listed([.with { $0.id = "b" }], at: .zero)
        answer(standby: true, generation: 1)
        #expect(!state.hasNews && state.inventory.images.isEmpty)
        state.attempts.append(
            .init(id: 3, reference: "app"), from: .zero, to: .zero, result: .init(outcome: .cancelled))
        #expect(state.hasNews)
        let report = state.nextReport(at: .seconds(9), running: [], filesystem: nil)
        #expect(report.standingBy && report.attempts.count == 1)
        #expect(report.inventory == nil && report.runtime == WireRuntime() && report.pullSecretsDigest.isEmpty)
        #expect(report.inventoryAgeMs == 0)
        answer(standby: true, generation: 2, attempt: 1)
        #expect(!state.hasNews)
        answer(standby: false, generation: 6)
        #expect(!state.hasNews, "it has to list first")
        state.listed([.with { $0.id = "b" }], at: .seconds(10))
        let full = state.nextReport(at: .seconds(10), running: [], filesystem: nil)
        #expect(full.full.images.map(\.id) == ["b"] && full.runtime.listed && !full.standingBy)
    }

    @Test func anAnswerWithoutAnAssignmentLeavesTheFormerInForce() {
        var state = ReportState(node: "n1", bootID: "boot")
        var reply = WireReportReply()
        reply.acknowledgedSequence = state.nextReport(at: .zero, running: [], filesystem: nil).sequence
        reply.assignment.generation = 7
        #expect(state.answered(reply, at: .zero) == .acknowledged(assignmentChanged: true))
        reply.clearAssignment()
        reply.acknowledgedSequence = state.nextReport(at: .zero, running: [], filesystem: nil).sequence
        #expect(state.answered(reply, at: .zero) == .acknowledged(assignmentChanged: false))
        #expect(state.assignment?.generation == 7)
    }
}
