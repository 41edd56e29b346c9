import Cluster
import ImageSets
import Planning
import Shared
import SwiftProtobuf
import Synchronization
import Testing

@testable import Control
@testable import ControlFixtures
@testable import History
@testable import HistoryFixtures
@testable import Reporting
@testable import TestBasics

/// Coverage of past moments is what the live report said at them.
@Suite("Coverage of the past") struct PastCoverageTests {
    @Test("What the live report said, at more than a thousand random moments", arguments: 0..<36)
    func equalsTheLiveReport(_ seed: Int) async throws {
        try await compare(seed, restricted: 0)
    }

    @Test("In restricted mode, and where it comes and goes", arguments: 100..<120)
    func equalsThePodStatuses(_ seed: Int) async throws {
        try await compare(seed, restricted: seed.isMultiple(of: 2) ? 100 : 50)
    }

    /// - Parameter restricted: percent of the edits that end in restricted mode.
    private func compare(_ seed: Int, restricted: Int) async throws {
        let world = RandomWorld(seed: seed, restricted: restricted)
        try await world.begin()
        for _ in 0..<100 { try await world.step() }
        let compared = try await world.compare()
        // What was said before a crash, or before the horizon, isn't compared.
        #expect(compared >= (restricted > 0 ? 20 : 28), "seed \(seed)")
    }
}

/// A control loop on a real history, with a clock that is set by hand: nodes come, go, report, fall silent and are
/// relabelled, pods come and go, lists are edited, image sets come, go and change, coordinators end, crash and begin anew, keyframes are made and old history is dropped.
private final class RandomWorld {
    private struct Said {
        var at: Timestamp
        var report: CoverageReport
        var byPool: CoverageReport
        var byNode: CoverageReport
        var bySet: CoverageReport
        /// Of each set alone.
        var sets: [CoverageReport]
        /// Without prefetches.
        var kept: CoverageReport
    }

    private final class Clock: Sendable {
        let time = Mutex(Timestamp(milliseconds: 1_700_000_000_000))
        var now: Timestamp { time.withLock { $0 } }
    }

    private let seed: Int
    private var random: HistoryRandom
    private let clock = Clock()
    private let store = memoryStore()
    private var loop: ControlLoop
    private var revision = 0
    private var configuration = Configuration()
    private var nodes: [String: NodeView] = [:]
    private var pods: [String: PodView] = [:]
    private let restricted: Int
    private var podNumber = 0
    private var boots: [String: (id: Int, sequence: UInt64)] = [:]
    private var said: [Said] = []
    private var lastAlive: Timestamp
    private var horizon = Timestamp(milliseconds: 0)
    private var held: [ImageSet] = []
    private var prefetches: [ImageSet] = []
    private static let names = ["nginx", "redis", "mysql", "busybox"]
    /// What only further sets list, and a name that one of the others has too.
    private static let furtherNames = names + ["postgres", "docker.io/library/nginx", "alpine"]

    init(seed: Int, restricted: Int) {
        self.seed = seed
        self.restricted = restricted
        random = HistoryRandom(seed &+ 77)
        lastAlive = clock.now
        loop = Self.makeLoop(store, clock)
    }

    private static func makeLoop(_ store: HistoryStore, _ clock: Clock) -> ControlLoop {
        ControlLoop(
            clock: CoordinatorClock(reading: { clock.now }), history: StoredHistory(store: store), logger: .quiet
        ) { _, _ in }
    }

    func begin() async throws {
        configuration = try Stage.configuration(["web=nginx", "db=redis"])
        configuration.runtimeSocket = restricted == 100 ? .none : .automatic
        for name in ["n1", "n2", "n3"] { nodes[name] = Stage.node(name, labels: ["pool": "a"]) }
        try await startRun()
        try await adopt()
    }

    private func startRun() async throws {
        loop = Self.makeLoop(store, clock)
        await store.startRun(at: clock.now.milliseconds)
        boots = boots.mapValues { ($0.id, $0.sequence + 1000) }
        await loop.expectSets()
        if revision > 0 { await loop.adopt(configuration, revision: revision, held: held) }
        await loop.use(held: held)
        await loop.use(prefetches: prefetches)
        await loop.follow(Stage.pods)
        await loop.replaceNodes(nodes.values.sorted { $0.name < $1.name })
        await listPods(of: ImageSet.defaultName)
        await followSets()
        await loop.mendHistory()
        await settle()
        lastAlive = clock.now
    }

    private static func source(_ set: String) -> PodSource {
        set == ImageSet.defaultName ? Stage.pods : PodSource(namespace: Stage.pods.namespace, daemonSet: set)
    }

    private func listPods(of set: String) async {
        let own = pods.values.filter { $0.set == set }.sorted { $0.name < $1.name }
        await loop.replacePods(own, of: Self.source(set))
    }

    /// The pods of sets that went are gone, and those of others are told.
    private func followSets() async {
        let names = Set(held.map(\.name) + [ImageSet.defaultName])
        pods = pods.filter { names.contains($0.value.set) }
        for set in held {
            await loop.follow(Self.source(set.name), for: set.name)
            await listPods(of: set.name)
        }
    }

    private func adopt() async throws {
        revision += 1
        await store.record(
            revision: RevisionRecord(
                imageSet: "set", number: Int64(revision), at: clock.now.milliseconds, data: [:],
                findings: RevisionNotes(findings: [], configuration: configuration).text))
        held = held.map { set in
            set.configuration.map { ImageSet(name: set.name, own: $0, main: configuration) } ?? set
        }
        await loop.adopt(configuration, revision: revision, held: held)
        // A coordinator does it every few seconds; who tells of cells may be another from now on.
        await loop.mendHistory()
        await settle()
    }

    /// All that happened is planned for and written.
    private func settle() async {
        await loop.replan()
        while await !loop.isHistoryWritten { await Task.yield() }
    }

    private func chance(_ percent: Int) -> Bool { random.chance(percent) }

    private func pass(_ milliseconds: Int64) {
        clock.time.withLock { $0 = Timestamp(milliseconds: $0.milliseconds + milliseconds) }
    }

    func step() async throws {
        pass(.random(in: 1...(chance(20) ? 40_000 : 4000), using: &random))
        let name = "n\(Int.random(in: 1...4, using: &random))"
        switch Int.random(in: 0..<(seed.isMultiple(of: 3) ? 100 : 115), using: &random) {
        case 0..<60 where configuration.runtimeSocket == .none: await changePod(on: name)
        case 0..<60: try await report(nodes.keys.sorted().randomElement(using: &random) ?? name)
        case 60..<66:
            nodes[name] = nodes[name] == nil ? Stage.node(name, uid: "u\(revision)", labels: ["pool": "a"]) : nil
            if let node = nodes[name] {
                await loop.update(node)
            } else {
                await loop.removeNode(name)
                for (key, pod) in pods where pod.node == name { await removePod(key) }
            }
        case 66..<72 where nodes[name] != nil:
            nodes[name]?.labels = [
                "pool": chance(50) ? "b" : "a", "kubernetes.io/os": chance(80) ? "linux" : "windows",
            ]
            nodes[name]?.isReady = chance(85)
            if let node = nodes[name] { await loop.update(node) }
        case 72..<78:
            let count = Int.random(in: 1...3, using: &random)
            configuration.images = try Stage.configuration(
                Self.names.shuffled(using: &random).prefix(count).map { "\($0)=\($0)" }
            ).images
            if chance(50) { configuration.runtimeSocket = chance(restricted) ? .none : .automatic }
            if !seed.isMultiple(of: 3) {
                configuration.scheduling.nodeSelector = chance(30) ? ["pool": chance(50) ? "a" : "b"] : [:]
            }
            try await adopt()
        case 100..<115: try await changeSets()
        case 78..<84: try await restart()
        case 84..<90:
            await store.heartbeat(at: clock.now.milliseconds)
            lastAlive = clock.now
        case 90..<95: try await store.makeKeyframe()
        default:
            horizon = max(horizon, clock.now + -Double.random(in: 400...4000, using: &random))
            try await store.prune(before: horizon.milliseconds, stepRows: 7)
        }
        await settle()
        try await listen()
        // Between two happenings reports grow old.
        pass(.random(in: 1...20_000, using: &random))
        try await listen()
    }

    /// A set comes, goes, lists something else, or is for other nodes; an image goes from `default` to a set.
    private func changeSets() async throws {
        let name = ["gpu", "ci", "pre-1", "pre-2"].randomElement(using: &random) ?? ""
        held.removeAll { $0.name == name }
        prefetches.removeAll { $0.name == name }
        var names = Array(Self.furtherNames.shuffled(using: &random).prefix(.random(in: 1...3, using: &random)))
        var isMoved = false
        if configuration.images.count > 1, chance(40) {
            names.append(configuration.images.removeLast().reference.written)
            isMoved = true
        }
        var own = try Stage.configuration(
            names.enumerated().map { "\($0.offset == 0 ? "nginx" : "image-\($0.offset)")=\($0.element)" })
        if chance(60) { own.scheduling.nodeSelector = ["pool": chance(50) ? "a" : "b"] }
        if isMoved || chance(70) {
            if name == "gpu" || name == "ci" {
                held.append(ImageSet(name: name, own: own, main: configuration))
            } else {
                prefetches.append(
                    ImageSet(
                        name: name, references: own.images.map(\.reference), scheduling: own.scheduling,
                        count: chance(30) ? 1 : nil))
            }
        }
        await loop.use(prefetches: prefetches)
        if isMoved { try await adopt() } else { await loop.use(held: held) }
        await followSets()
        await settle()
    }

    /// A pod comes, its containers go on, it ends, or it's gone.
    private func changePod(on name: String) async {
        guard nodes[name] != nil else { return }
        let set = chance(60) ? nil : held.randomElement(using: &random)
        let (key, source) = ("\(name)/\(set?.name ?? "")", Self.source(set?.name ?? ImageSet.defaultName))
        guard var pod = pods[key], !chance(15) else {
            await removePod(key)
            podNumber += 1
            pods[key] = PodView(name: "p\(podNumber)", uid: "p\(podNumber)", node: name)
            pods[key]?.set = set?.name ?? ImageSet.defaultName
            if let pod = pods[key] { await loop.update(pod, of: source) }
            return
        }
        if chance(8) { pod.isTerminating = true }
        let images = (set?.configuration ?? configuration).images
        for image in images where pod.containers.isEmpty || chance(60) {
            var container = ContainerView()
            switch Int.random(in: 0..<6, using: &random) {
            case 0...2:
                container.isRunning = true
                container.imageID = "r@sha256:\(chance(90) ? 1 : 2)"
            case 3: container.waitingReason = "ContainerCreating"
            case 4:
                container.waitingReason = chance(50) ? "ErrImagePull" : "ImagePullBackOff"
                container.waitingMessage = chance(50) ? "manifest unknown" : "i/o timeout"
            default:
                container.waitingReason = "CrashLoopBackOff"
                container.imageID = "r@sha256:1"
            }
            pod.containers[image.name] = container
        }
        pods[key] = pod
        await loop.update(pod, of: source)
    }

    private func removePod(_ key: String) async {
        if let pod = pods.removeValue(forKey: key) { await loop.removePod(uid: pod.uid) }
    }

    private func listen() async throws {
        guard let snapshot = await loop.snapshot() else { return }
        said.append(
            Said(
                at: clock.now, report: CoverageReport(snapshot, by: .image),
                byPool: CoverageReport(snapshot, by: .label("pool")), byNode: CoverageReport(snapshot, by: .node),
                bySet: CoverageReport(snapshot, by: .set),
                sets: snapshot.setNames.map { CoverageReport(snapshot, by: .image, set: $0) },
                kept: CoverageReport(snapshot.withoutPrefetches(), by: .image)))
    }

    private func report(_ name: String) async throws {
        guard nodes[name] != nil else { return }
        var boot = boots[name] ?? (0, 0)
        if chance(8) { boot = (boot.id + 1, 0) }
        boot.sequence += 1
        boots[name] = boot
        var report = Stage.report(name, boot.sequence, boot: "b\(boot.id)")
        if boot.sequence == 1 || chance(70) {
            let listed = Self.furtherNames.filter { _ in random.chance(60) }
            report.full.images = listed.map { .listed($0) }
            for index in report.full.images.indices { report.full.images[index].inUse = chance(50) }
        } else if chance(30) {
            // Built on what this coordinator may not have.
            report.acknowledged = boot.sequence - 1
        }
        if chance(5) { report.runtime.listed = false }
        if chance(20) { report.inventoryAgeMs = .random(in: 0...40_000, using: &random) }
        let running = await loop.snapshot()?.fleet.orders(of: name).first
        if let running, chance(60) {
            var attempt = WireAttempt.of(running.id, .failed, chance(50) ? "manifest unknown" : "i/o timeout")
            attempt.id = boot.sequence
            attempt.reference = running.reference.written
            report.attempts = [attempt]
        }
        _ = try await loop.ingest(CheckedReport(report), after: 0, wait: .zero)
    }

    private func restart() async throws {
        await settle()
        if chance(50) {
            await store.endRun(at: clock.now.milliseconds)
        } else {
            // It crashed: what it said after its last sign of life can't be vouched for.
            let alive = lastAlive
            said.removeAll { $0.at > alive }
        }
        let end = clock.now
        pass(.random(in: 2...20_000, using: &random))
        if chance(30) {
            let gone = "n\(Int.random(in: 1...4, using: &random))"
            nodes[gone] = nil
            pods = pods.filter { $0.value.node != gone }
        }
        let down = Timestamp(milliseconds: .random(in: (end.milliseconds + 1)..<clock.now.milliseconds, using: &random))
        try await startRun()
        // Nobody watched in between.
        let moment = try await store.moment(at: down.milliseconds, imageSet: "set")
        #expect(CoverageReport(moment, by: .all).total.cells == CoverageReport(moment, by: .all).total.unknown)
    }

    /// Compares all that was said with what history tells of those moments.
    func compare() async throws -> Int {
        // What is planned now comes after what was said last.
        pass(1)
        await settle()
        var count = 0
        for said in said.shuffled(using: &random) where said.at >= horizon {
            let moment = try await store.moment(at: said.at.milliseconds, imageSet: "set")
            let nodes = CoverageReport(moment, by: .node)
            for (live, past) in zip(said.byNode.rows, nodes.rows) where live.counts != past.counts {
                let events = try await store.events(of: live.name)
                Issue.record(
                    "seed \(seed), at \(said.at.milliseconds - 1_700_000_000_000), \(live.name): \(events), horizon \(horizon.milliseconds - 1_700_000_000_000), run \(String(describing: moment.run))"
                )
            }
            for (live, past) in [
                (said.report, CoverageReport(moment, by: .image)),
                (said.byPool, CoverageReport(moment, by: .label("pool"))),
                (said.bySet, CoverageReport(moment, by: .set)),
                (said.kept, CoverageReport(moment, by: .image, prefetches: false)),
            ] + said.sets.map({ ($0, CoverageReport(moment, by: .image, set: $0.set)) }) {
                let place =
                    "seed \(seed), at \(said.at.milliseconds), by \(live.grouping), set \(live.set ?? "")"
                try #require(past.past == .init(watched: true, complete: true), "\(place)")
                try #require(live.rows.map(\.name) == past.rows.map(\.name), "\(place)")
                try #require(live.rows.map(\.counts) == past.rows.map(\.counts), "\(place)")
                try #require(live.total == past.total && live.sets == past.sets, "\(place)")
                try #require(live.nodes == past.nodes && live.revision == past.revision, "\(place)")
                try #require(live.at == past.at, "\(place)")
                let reasons = live.rows.map { $0.failures.map { "\($0.reason) \($0.cells) \($0.nodes)" } }
                try #require(reasons == past.rows.map { $0.failures.map { "\($0.reason) \($0.cells) \($0.nodes)" } })
            }
            count += 1
        }
        return count
    }
}
