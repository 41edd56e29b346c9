import Synchronization

@testable import KubernetesFixtures

/// A small API server of ConfigMaps for random histories: it keeps its whole past, forgets it now and then as etcd's
/// compaction does, and misbehaves by a seeded chance.
final class HistoryServer: Sendable {
    struct Change {
        var type: String
        var name: String
        var version: Int
    }

    private struct State {
        /// Names with the version of their last change.
        var objects: [String: Int] = [:]
        /// Every state that there was, by version.
        var past: [Int: [String: Int]] = [100: [:]]
        var log: [Change] = []
        var version = 100
        var compacted = 100
        var random: SeededRandom
        var misbehaves = true
    }

    private let state: Mutex<State>

    init(seed: UInt64) { state = Mutex(State(random: SeededRandom(seed: seed))) }

    var objects: [String: Int] { state.withLock { $0.objects } }
    func stopMisbehaving() { state.withLock { $0.misbehaves = false } }
    /// Whether the server ever had exactly these objects.
    func everHad(_ objects: [String: Int]) -> Bool { state.withLock { $0.past.values.contains(objects) } }

    /// One random change of the content; sometimes the past is forgotten too.
    func change() {
        state.withLock { state in
            state.version += 1
            let name = "o\(Int.random(in: 0..<12, using: &state.random))"
            let exists = state.objects[name] != nil
            let deletes = exists && Int.random(in: 0..<3, using: &state.random) == 0
            state.objects[name] = deletes ? nil : state.version
            state.log.append(
                Change(type: deletes ? "DELETED" : exists ? "MODIFIED" : "ADDED", name: name, version: state.version))
            state.past[state.version] = state.objects
            if Int.random(in: 0..<25, using: &state.random) == 0 { state.compacted = state.version }
        }
    }

    func answer(_ asked: Asked) -> Answer {
        state.withLock { state in
            let chance = state.misbehaves ? Int.random(in: 0..<20, using: &state.random) : 99
            if chance == 0 { return .json("", status: [500, 502, 503].randomElement(using: &state.random) ?? 500) }
            if chance == 1 { return .json("{}") }
            if chance == 2 { return .json("", status: 429, headers: ["Retry-After": "0"]) }
            return asked.query["watch"] == nil
                ? Self.list(asked, &state, chance) : Self.watch(asked, &state, chance)
        }
    }

    private static func object(_ name: String, _ version: Int) -> String {
        #"{"kind":"ConfigMap","metadata":{"name":"\#(name)","resourceVersion":"\#(version)"}}"#
    }

    private static let expired =
        #"{"kind":"Status","metadata":{},"status":"Failure","message":"too old","reason":"Expired","code":410}"#

    /// A page of the snapshot that the continue token `version:offset` names.
    private static func list(_ asked: Asked, _ state: inout State, _ chance: Int) -> Answer {
        let token = (asked.query["continue"] ?? "\(state.version):0").replacing("%3A", with: ":").split(separator: ":")
        let version = Int(token[0]) ?? 0
        let offset = Int(token[1]) ?? 0
        guard let snapshot = state.past[version], version >= state.compacted else {
            return .json(expired, status: 410)
        }
        let limit = asked.query["limit"].flatMap { Int($0) } ?? .max
        let all = snapshot.sorted { $0.key < $1.key }
        let page = all.dropFirst(offset).prefix(limit).map { object($0.key, $0.value) }.joined(separator: ",")
        let next = offset + limit < all.count ? #","continue":"\#(version):\#(offset + limit)""# : ""
        let text =
            #"{"kind":"ConfigMapList","metadata":{"resourceVersion":"\#(version)"\#(next)},"items":[\#(page)]}"#
        return chance == 3 ? .stream(.text(String(text.prefix(text.count / 2))), .drop) : .json(text)
    }

    /// What has happened since; then the watch ends, somehow. A quiet server ends it in good order.
    private static func watch(_ asked: Asked, _ state: inout State, _ chance: Int) -> Answer {
        let from = asked.query["resourceVersion"].flatMap { Int($0) } ?? 0
        guard from >= state.compacted else {
            return chance % 2 == 0
                ? .json(expired, status: 410)
                : .stream(.text(#"{"type":"ERROR","object":\#(expired)}"# + "\n"))
        }
        var changes = state.log.filter { $0.version > from }
        if chance < 10, !changes.isEmpty {
            changes = Array(changes.prefix(Int.random(in: 0...changes.count, using: &state.random)))
        }
        var parts = changes.map {
            Answer.Part.text(#"{"type":"\#($0.type)","object":\#(object($0.name, $0.version))}"# + "\n")
        }
        let reached = changes.last?.version ?? from
        switch chance {
        case 3: parts.append(.text(#"{"type":"ADDED","object":{"kind":"Conf"#))
        case 4: parts += [.text(#"{"type":"ADDED","object":{"kind":"Conf"#), .drop]
        case 5: parts.append(.drop)
        case 6: parts.append(.text("garbage\n"))
        case 7: parts.append(.text(#"{"type":"ERROR","object":\#(expired)}"# + "\n"))
        case 8:
            parts.append(.text(#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"\#(reached)"}}}"# + "\n"))
        case 9: parts.append(.wait(.milliseconds(20)))
        default: parts.append(.wait(.milliseconds(2)))
        }
        return Answer(parts: parts)
    }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
