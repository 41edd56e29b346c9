import Foundation
import GRDB
import Testing

@testable import History
@testable import HistoryFixtures

/// Random histories against the naive model; each seed is a history of its own.
@Suite struct HistoryProperties {
    private static let images = ["x", "y", "z"]
    private static let nodes = ["a", "b", "c", "d"]

    private static func value(_ random: inout HistoryRandom) -> (RecordedState, RecordedReason, String?) {
        let state = RecordedState.allCases.randomElement(using: &random) ?? .none
        let reason: RecordedReason = state == .failed ? (random.chance(50) ? .network : .notFound) : .none
        return (state, reason, state.isPresent ? "sha256:\(Int.random(in: 0..<3, using: &random))" : nil)
    }

    /// Cells as of any moment from the horizon on, with clocks that are set back now and then.
    @Test(arguments: 0..<8)
    func cellsOfAnyMoment(_ part: Int) async throws {
        for seed in part * 150..<(part + 1) * 150 {
            var random = HistoryRandom(seed)
            let store = memoryStore()
            var model = HistoryModel()
            var now: Int64 = 1000
            var horizon: Int64 = 0
            for _ in 0..<Int.random(in: 2...14, using: &random) {
                var records: [TransitionRecord] = []
                for _ in 0..<Int.random(in: 1...10, using: &random) {
                    now +=
                        random.chance(7)
                        ? -Int64.random(in: 0...80, using: &random) : .random(in: 0...20, using: &random)
                    let (state, reason, digest) = Self.value(&random)
                    records.append(
                        TransitionRecord(
                            node: Self.nodes.randomElement(using: &random) ?? "",
                            image: Self.images.randomElement(using: &random) ?? "",
                            to: state, reason: reason, digest: digest, at: now))
                }
                await store.record(transitions: records)
                for record in records { model.tell(record) }
                if random.chance(25) {
                    horizon = max(horizon, now - .random(in: -20...150, using: &random))
                    try await store.prune(before: horizon, stepRows: .random(in: 1...9, using: &random))
                }
                for _ in 0..<3 {
                    let moment = max(horizon, now - .random(in: -30...300, using: &random))
                    let cells = try await store.cells(at: moment)
                    let values = Dictionary(
                        cells.map { (HistoryModel.Cell(node: $0.node, image: $0.image), $0.value) },
                        uniquingKeysWith: { first, _ in first })
                    try #require(values == model.values(at: moment), "seed \(seed), at \(moment), horizon \(horizon)")
                    try #require(cells.count == values.count, "seed \(seed)")
                    if random.chance(30) { try await store.makeKeyframe() }
                    let grid = try await store.states(at: moment)
                    try #require(
                        grid == model.states(at: moment), "seed \(seed), grid at \(moment), horizon \(horizon)")
                }
            }
            let current = try await store.currentCells().map(\.value)
            #expect(current.count == model.values(at: .max).count, "seed \(seed)")
            // Retention may drop a link in the middle where the clock was set back.
            if horizon == 0 { try await chainsAreWhole(store, seed: seed) }
        }
    }

    /// Each transition begins where the one before it ended.
    private func chainsAreWhole(_ store: HistoryStore, seed: Int) async throws {
        var last: [HistoryModel.Cell: RecordedState] = [:]
        for item in try await store.transitions(following: 0, limit: 10_000) {
            let cell = HistoryModel.Cell(node: item.node, image: item.image)
            if let state = last[cell] { try #require(state == item.from, "seed \(seed), transition \(item.id)") }
            last[cell] = item.to
        }
    }

    /// A keyframe is made of the one before it, and has what reading all cells would give.
    private func keyframeIsWhole(_ store: HistoryStore, seed: Int) async throws {
        let before = try await store.read { db in try Keyframe.lastMark(db) }
        guard try await store.makeKeyframe() != before else { return }
        let (made, read) = try await store.read { db in
            let made = try Data.fetchOne(db, sql: "SELECT states FROM keyframes ORDER BY id DESC LIMIT 1")
            return (made, try Keyframe.allCells(db).bytes)
        }
        try #require(made.map { [UInt8]($0) } == read, "seed \(seed), after transition \(before?.lastID ?? 0)")
    }

    /// What a past moment's coverage is computed from: nodes come and go, fall silent, the coordinator ends, crashes
    /// and begins anew, and retention works all the time.
    @Test(arguments: 0..<8)
    func momentsOfAnyTime(_ part: Int) async throws {
        for seed in part * 100..<(part + 1) * 100 {
            var fleet = RandomFleet(seed: seed, nodes: Self.nodes)
            let store = memoryStore()
            var horizon: Int64 = 0
            await fleet.startRun(store)
            for _ in 0..<Int.random(in: 10...50, using: &fleet.random) {
                await fleet.step(store) { Self.value(&$0) }
                if fleet.random.chance(10) {
                    horizon = max(horizon, fleet.now - .random(in: 0...200, using: &fleet.random))
                    try await store.prune(before: horizon, stepRows: .random(in: 1...9, using: &fleet.random))
                }
                if fleet.random.chance(15) { try await keyframeIsWhole(store, seed: seed) }
                let at = max(horizon, fleet.now - .random(in: -10...300, using: &fleet.random))
                let moment = try await store.moment(at: at, imageSet: "")
                let place = "seed \(seed), at \(at), now \(fleet.now), horizon \(horizon)"
                try #require((moment.run != nil) == fleet.model.isWatched(at: at), "\(place)")
                let labels = Dictionary(uniqueKeysWithValues: moment.nodes.map { ($0.name, $0.labels) })
                try #require(labels == fleet.model.labels(at: at), "\(place)")
                let heard = fleet.model.heard(at: at).intersection(labels.keys)
                try #require(Set(moment.nodes.filter(\.isHeard).map(\.name)) == heard, "\(place)")
                let expected = fleet.model.states(at: at).filter { heard.contains($0.key.node) }
                let known = Dictionary(
                    uniqueKeysWithValues: moment.knownCells.map {
                        (HistoryModel.Cell(node: $0.node, image: $0.image), CellCode($0.state, $0.reason))
                    })
                try #require(known == expected, "\(place)")
            }
        }
    }
}

extension CellRecord {
    fileprivate var value: HistoryModel.Value {
        HistoryModel.Value(state: state, reason: reason, digest: digest)
    }
}

extension HistoryModel {
    func states(at moment: Int64) -> [Cell: CellCode] {
        values(at: moment).mapValues { CellCode($0.state, $0.reason) }
    }
}

extension CellCode {
    init(_ state: RecordedState, _ reason: RecordedReason) {
        self.init(state: state.rawValue, reason: reason.rawValue)
    }
}

extension HistoryStore {
    /// All cells of a moment, as keyframes and the transitions after them tell.
    func states(at moment: Int64) async throws -> [HistoryModel.Cell: CellCode] {
        try await past(imageSet: "", withLabels: false) { reader in
            let grid = try reader.moment(at: moment).grid
            var states: [HistoryModel.Cell: CellCode] = [:]
            for (image, number) in reader.images {
                for (node, name) in reader.names where grid[image: number, node: node] != .none {
                    states[HistoryModel.Cell(node: name, image: image)] = grid[image: number, node: node]
                }
            }
            return states
        }
    }
}

/// A fleet that behaves as agents and the coordinator do: a node's first report in a run tells all of its cells.
private struct RandomFleet {
    var random: HistoryRandom
    var now: Int64 = 1000
    var model = HistoryModel()
    let nodes: [String]
    private var images: [String: [String: TransitionRecord]] = [:]

    init(seed: Int, nodes: [String]) {
        random = HistoryRandom(seed &+ 1_000_000)
        self.nodes = nodes
    }

    mutating func startRun(_ store: HistoryStore) async {
        now += .random(in: 1...40, using: &random)
        await store.startRun(at: now)
        model.tell(.runStarted, at: now)
    }

    mutating func step(
        _ store: HistoryStore, value: (inout HistoryRandom) -> (RecordedState, RecordedReason, String?)
    ) async {
        now += .random(in: 1...10, using: &random)
        let node = nodes.randomElement(using: &random) ?? ""
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<45: await report(store, node, value)
        case 45..<58: await tell(store, node, .joined(labels: ["v": "\(Int.random(in: 0..<3, using: &random))"]))
        case 58..<66 where model.labels(at: now)[node] != nil:
            await tell(store, node, .labelsChanged(labels: ["v": "\(Int.random(in: 0..<3, using: &random))"]))
        case 66..<76: await tell(store, node, .left)
        case 76..<84: await tell(store, node, .silent)
        case 84..<92:
            await store.heartbeat(at: now)
            model.tell(.alive, at: now)
        case 92..<96:
            // It crashes, and another one begins.
            await startRun(store)
        default:
            await store.endRun(at: now)
            model.tell(.runEnded, at: now)
            await startRun(store)
        }
    }

    private mutating func tell(_ store: HistoryStore, _ node: String, _ event: NodeEvent) async {
        await store.record(nodeEvents: [NodeEventRecord(node: node, event: event, at: now)])
        model.tell(.node(node, event), at: now)
    }

    private mutating func report(
        _ store: HistoryStore, _ node: String,
        _ value: (inout HistoryRandom) -> (RecordedState, RecordedReason, String?)
    ) async {
        let isFirst = !model.heard(at: now).contains(node)
        for image in ["x", "y", "z"] where isFirst || random.chance(40) {
            let (state, reason, digest) = value(&random)
            images[node, default: [:]][image] = TransitionRecord(
                node: node, image: image, to: state, reason: reason, digest: digest, at: now)
        }
        let records = (images[node] ?? [:]).values.map { record in
            var record = record
            record.at = now
            return record
        }
        await store.record(transitions: records)
        for record in records { model.tell(record) }
        if isFirst { await tell(store, node, .heard) }
    }
}
