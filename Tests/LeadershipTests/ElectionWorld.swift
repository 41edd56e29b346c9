import Testing

@testable import Leadership
@testable import TestBasics

/// Candidates and an API server in virtual time, with everything that can go wrong between them.
struct ElectionWorld {
    /// What requests and answers meet on their way.
    struct Network {
        /// Each way, in seconds.
        var delay = 0.001...0.02
        /// Of each way, the share that is lost.
        var loss = 0.0

        static let bad = Network(delay: 0.001...4, loss: 0.2)
    }

    struct Candidate {
        var election: LeaderElection
        /// What its own clock showed at the world's zero, and how fast it runs.
        var clockStart: Double
        var clockRate: Double
        var isAlive = true
        var pausedUntil = 0.0
        var request: (id: Int, sentAt: Duration)?
        var hasSeenLease = false
        /// It was told to end, and gives the Lease up.
        var isReleasing = false

        func clock(_ now: Double) -> Duration { .seconds(clockStart + now * clockRate) }
    }

    private enum Happening {
        case wake(Int)
        case arrival(Int, request: Int, LeaderElection.Step)
        case answer(Int, request: Int, LeaderElection.Answer)
        case timeout(Int, request: Int)
    }

    private(set) var now = 0.0
    private(set) var candidates: [Candidate] = []
    private(set) var server = LeaseServerModel()
    var network = Network()
    var random: Seeded
    private var happenings: [(at: Double, order: Int, what: Happening)] = []
    private var lastNumber = 0
    /// When somebody began to lead, and who.
    private(set) var reigns: [(at: Double, candidate: Int)] = []

    init(seed: UInt64, candidates count: Int) {
        random = Seeded(state: seed)
        for _ in 0..<count { join() }
    }

    /// A new process takes part.
    @discardableResult
    mutating func join() -> Int {
        let number = candidates.count
        candidates.append(
            Candidate(
                election: LeaderElection(identity: "c\(number)"), clockStart: .random(in: 0...1000, using: &random),
                clockRate: .random(in: 0.98...1.02, using: &random)))
        schedule(.random(in: 0...1, using: &random), .wake(number))
        return number
    }

    // MARK: What befalls

    mutating func kill(_ number: Int) { candidates[number].isAlive = false }

    mutating func pause(_ number: Int, for seconds: Double) { candidates[number].pausedUntil = now + seconds }

    mutating func deleteLease() { server.delete() }

    /// SIGTERM: it stops acting and gives the Lease up.
    mutating func terminate(_ number: Int) {
        guard candidates[number].isAlive, !candidates[number].isReleasing else { return }
        candidates[number].request = nil  // what is under way is cut off
        let isToRelease = candidates[number].election.release(now: candidates[number].clock(now))
        guard isToRelease else { return kill(number) }
        candidates[number].isReleasing = true
        send(number, .read)
    }

    // MARK: Time

    /// Lets time pass, and checks at each moment at which anything happens that not two may act.
    mutating func run(until end: Double) throws {
        while let index = happenings.indices.min(by: { before(happenings[$0], happenings[$1]) }),
            happenings[index].at <= end
        {
            let next = happenings.remove(at: index)
            now = max(now, next.at)
            let leaders = acting
            happen(next.what)
            for number in acting where !leaders.contains(number) { reigns.append((now, number)) }
            try #require(acting.count <= 1, "at \(now) these act: \(acting)")
        }
        now = end
    }

    /// Those that may act; of paused and dead ones too it must not be more than one.
    var acting: [Int] {
        candidates.indices.filter { candidates[$0].election.actsUntil(at: candidates[$0].clock(now)) != nil }
    }

    var livingLeader: Int? { acting.first { candidates[$0].isAlive && !candidates[$0].isReleasing } }

    private func before(
        _ left: (at: Double, order: Int, what: Happening), _ right: (at: Double, order: Int, what: Happening)
    ) -> Bool { (left.at, left.order) < (right.at, right.order) }

    private mutating func schedule(_ delay: Double, _ what: Happening) {
        lastNumber += 1
        happenings.append((now + delay, lastNumber, what))
    }

    private mutating func happen(_ what: Happening) {
        switch what {
        case .arrival(let number, let request, let step):
            let answer = server.answer(step, from: candidates[number].election.identity)
            if let delay = way() { schedule(delay, .answer(number, request: request, answer)) }
        case .wake(let number):
            guard isRunning(number, what), candidates[number].request == nil, !candidates[number].isReleasing else {
                return
            }
            go(number)
        case .answer(let number, let request, let answer): take(number, request, answer, what)
        case .timeout(let number, let request): take(number, request, .failed, what)
        }
    }

    /// Whether a candidate can do anything now; what a paused one would do, it does when it goes on.
    private mutating func isRunning(_ number: Int, _ what: Happening) -> Bool {
        guard candidates[number].isAlive else { return false }
        guard now < candidates[number].pausedUntil else { return true }
        schedule(candidates[number].pausedUntil - now, what)
        return false
    }

    private mutating func take(_ number: Int, _ request: Int, _ answer: LeaderElection.Answer, _ what: Happening) {
        guard isRunning(number, what), let open = candidates[number].request, open.id == request else { return }
        candidates[number].request = nil
        if case .read = answer { candidates[number].hasSeenLease = true }
        if candidates[number].isReleasing { return goOnReleasing(number, answer) }
        candidates[number].election.received(
            answer, sentAt: open.sentAt, now: candidates[number].clock(now),
            random: .random(in: 0...1, using: &random))
        go(number)
    }

    private mutating func goOnReleasing(_ number: Int, _ answer: LeaderElection.Answer) {
        // A renewal that was cut off was carried out all the same.
        if case .conflict = answer { return send(number, .read) }
        guard case .read(var record, let version) = answer, record.holder == candidates[number].election.identity
        else { return kill(number) }
        record.holder = ""
        send(number, .replace(record, version: version))
    }

    private mutating func go(_ number: Int) {
        let clock = candidates[number].clock(now)
        let step = candidates[number].election.next(now: clock)
        switch step {
        case .wait(let until):
            // A little more, or rounding could make it wait for ever at one and the same moment.
            schedule(max(0, (until - clock) / .seconds(1)) / candidates[number].clockRate + 0.000_1, .wake(number))
        case .end: kill(number)
        case .read, .create, .replace: send(number, step)
        }
    }

    private mutating func send(_ number: Int, _ step: LeaderElection.Step) {
        lastNumber += 1
        let request = lastNumber
        candidates[number].request = (request, candidates[number].clock(now))
        if let delay = way() { schedule(delay, .arrival(number, request: request, step)) }
        schedule(2 / candidates[number].clockRate, .timeout(number, request: request))
    }

    /// How long one way takes; nil when the message is lost.
    private mutating func way() -> Double? {
        if Double.random(in: 0..<1, using: &random) < network.loss { return nil }
        // Mostly quick, at times as slow as can be.
        let isQuick = Int.random(in: 0..<4, using: &random) > 0
        return .random(
            in: isQuick ? network.delay.lowerBound...min(network.delay.upperBound, 0.1) : network.delay, using: &random)
    }
}
