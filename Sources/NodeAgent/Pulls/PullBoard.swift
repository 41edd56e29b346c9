import Shared

/// Which pulls run, and which should.
///
/// The assignment is the whole truth: what it names should run, what it names no more is cancelled, and what has
/// finished is not started again while it is still named. One reference is pulled once at a time: a pull that
/// takes over from another waits for that one's end.
struct PullBoard: Sendable {
    /// The coordinator's id alone could come again in another coordinator's life, for another reference.
    struct Key: Hashable, Sendable {
        let id: UInt64
        let reference: String
    }

    struct Running: Sendable, Equatable {
        let startedAt: Duration
        var isCancelled = false
    }

    /// What is to be done now.
    enum Action: Sendable, Equatable {
        case start(WirePull)
        case cancel(Key)
    }

    private var wanted: [WirePull] = []
    private var finished: Set<Key> = []
    private(set) var running: [Key: Running] = [:]
    private var isClosed = false

    /// The assignment's pulls, whole.
    mutating func assign(_ pulls: [WirePull], at now: Duration) -> [Action] {
        wanted = isClosed ? [] : pulls
        let keys = Set(wanted.map(\.key))
        finished.formIntersection(keys)
        var actions: [Action] = []
        for key in running.keys.sorted(by: { $0.id < $1.id }) where !keys.contains(key) {
            if running[key]?.isCancelled == false {
                running[key]?.isCancelled = true
                actions.append(.cancel(key))
            }
        }
        return actions + start(at: now)
    }

    /// A pull has ended, whatever came of it.
    mutating func end(_ key: Key, at now: Duration) -> [Action] {
        guard let pull = running.removeValue(forKey: key) else { return [] }
        if wanted.contains(where: { $0.key == key }) {
            // One that was cancelled and is wanted again has not had its try.
            if !pull.isCancelled { finished.insert(key) }
        }
        return start(at: now)
    }

    /// Cancels everything and starts nothing any more.
    mutating func close(at now: Duration) -> [Action] {
        isClosed = true
        return assign([], at: now)
    }

    /// For reports, in the order of their ids.
    func report(at now: Duration) -> [WireRunningPull] {
        running.sorted { $0.key.id < $1.key.id }.map { key, pull in
            var wire = WireRunningPull()
            wire.pullID = key.id
            wire.reference = key.reference
            wire.ageMs = (now - pull.startedAt).wholeMilliseconds
            return wire
        }
    }

    private mutating func start(at now: Duration) -> [Action] {
        var busy = Set(running.keys.map { Self.target($0.reference) })
        var actions: [Action] = []
        for pull in wanted where running[pull.key] == nil && !finished.contains(pull.key) {
            guard busy.insert(Self.target(pull.reference)).inserted else { continue }
            running[pull.key] = Running(startedAt: now)
            actions.append(.start(pull))
        }
        return actions
    }

    /// Two spellings of one reference are one pull for the runtime.
    private static func target(_ reference: String) -> String {
        (try? ImageReference(reference))?.normalised ?? reference
    }
}

extension WirePull {
    var key: PullBoard.Key { PullBoard.Key(id: id, reference: reference) }
}
