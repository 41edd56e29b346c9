import ClusterModel
import Supervision
import Testing

/// A node's agents, and what can happen to them, in virtual time.
private struct World {
    enum Trouble { case none, frozen, gone }

    struct Agent {
        var trouble = Trouble.none
        var last: NodeAgents.Instant
        var isClosed = false
        var isEnding = false
        /// Until when it doesn't wait: it answers, or comes back on another connection.
        var busyUntil: NodeAgents.Instant
        /// As it was told.
        var standsBy = false
        /// Since when it is there without trouble.
        var soundSince: NodeAgents.Instant

        func isWaiting(_ now: NodeAgents.Instant) -> Bool { trouble == .none && now >= busyUntil }
    }

    static let tick = Duration.milliseconds(250)

    var random: SeededGenerator
    var now = NodeAgents.Instant.now
    var agents: [String: Agent] = [:]
    var decision = NodeAgents(working: nil)
    var made = 0
    /// What can make another one work.
    var incidents = 0
    var switches = 0
    var failures: [String] = []

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func play(steps: Int) {
        for _ in 0..<steps {
            if Double.random(in: 0..<1, using: &random) < 0.08 { happen() }
            now = now.advanced(by: Self.tick)
            poll()
            review()
            check()
        }
    }

    private mutating func pick(where isFit: (Agent) -> Bool = { _ in true }) -> String? {
        agents.filter { isFit($0.value) }.keys.sorted().randomElement(using: &random)
    }

    private mutating func happen() {
        switch Int.random(in: 0..<9, using: &random) {
        case 0, 1:
            guard agents.count < 4 else { return }
            made += 1
            agents["p\(made)"] = Agent(last: now, busyUntil: now, soundSince: now)
            hear("p\(made)")
        case 2:
            if let name = pick(where: { $0.trouble == .none }) {
                agents[name]?.trouble = .frozen
                incidents += 1
            }
        case 3:
            // Killed: its connection ends, and the kubelet starts another process, or doesn't.
            if let name = pick(where: { $0.trouble == .none }) {
                agents[name]?.trouble = .gone
                agents[name]?.isClosed = true
                agents[name]?.last = now
                incidents += 1
            }
        case 4, 5:
            if let name = pick(where: { $0.trouble != .none }) {
                agents[name]?.trouble = .none
                agents[name]?.soundSince = now
                hear(name)
            }
        case 6:
            if let name = pick(where: { !$0.isEnding }) {
                agents[name]?.isEnding = true
                incidents += 1
            }
        case 7:
            if let name = pick(where: { $0.isEnding }) {
                agents[name] = nil
                decision.forget(name)
                incidents += 1
            }
        default:
            // The coordinator is started anew.
            decision = NodeAgents(working: nil)
            incidents += 1
            for name in agents.keys { agents[name]?.soundSince = now }
            for name in agents.keys.sorted().shuffled(using: &random) where agents[name]?.trouble == Trouble.none {
                hear(name)
            }
        }
    }

    private mutating func hear(_ name: String) {
        agents[name]?.last = now
        agents[name]?.isClosed = false
        decision.hear(name, standsBy: agents[name]?.standsBy ?? false)
        review()
        agents[name]?.standsBy = decision.working != name
    }

    /// Sound agents wait most of the time; now and then one ends its connection for news, or rests for a moment.
    private mutating func poll() {
        for name in agents.keys.sorted() where agents[name]?.trouble == Trouble.none {
            guard let agent = agents[name], agent.isWaiting(now) else { continue }
            agents[name]?.last = now
            agents[name]?.isClosed = false
            agents[name]?.standsBy = decision.working != name
            guard Double.random(in: 0..<1, using: &random) < 0.05 else { continue }
            agents[name]?.isClosed = Bool.random(using: &random)
            agents[name]?.busyUntil = now.advanced(by: .milliseconds(Int.random(in: 1...900, using: &random)))
        }
    }

    private mutating func review() {
        let former = decision.working
        let wasSound = former.map { agents[$0]?.trouble == Trouble.none && agents[$0]?.isEnding == false } ?? false
        let signs = agents.mapValues { agent in
            NodeAgents.Sign(
                isWaiting: agent.isWaiting(now), last: agent.last, isClosed: agent.isClosed, isEnding: agent.isEnding)
        }
        let isAnother = decision.review(signs, expectsOthers: signs.count > decision.names.count, at: now)
        if isAnother != (decision.working != former) { failures.append("what it says isn't what it did") }
        guard isAnother, former != nil else { return }
        switches += 1
        guard wasSound, let former, decision.names.contains(former) else { return }
        failures.append("\(former) was sound, and has to go")
    }

    private mutating func check() {
        if let working = decision.working, !decision.names.contains(working) { failures.append("nobody's \(working)") }
        let sound = agents.filter {
            $0.value.trouble == .none && $0.value.soundSince.advanced(by: .milliseconds(3_250)) <= now
        }
        guard !sound.isEmpty else { return }
        let working = decision.working.flatMap { agents[$0] }
        let isThere = working.map { $0.isWaiting(now) || $0.last.duration(to: now) <= NodeAgents.silence } ?? false
        if !isThere { failures.append("\(sound.keys.sorted()) are there, and \(decision.working ?? "nobody") works") }
        if working?.isEnding == true, sound.contains(where: { !$0.value.isEnding && $0.value.isWaiting(now) }) {
            failures.append("one works whose pod is being deleted")
        }
    }
}

@Suite("Which of a node's agents works") struct NodeAgentsTests {
    private let start = NodeAgents.Instant.now

    private func waiting() -> NodeAgents.Sign { NodeAgents.Sign(isWaiting: true, last: start) }

    @Test("One works whenever any is there, no sound one has to go, and there's no switch without a reason")
    func histories() {
        for seed in 0..<400 as Range<UInt64> {
            var world = World(seed: seed)
            world.play(steps: 600)
            #expect(world.failures.isEmpty, "seed \(seed): \(world.failures.prefix(3))")
            #expect(world.switches <= world.incidents, "seed \(seed)")
            guard world.failures.isEmpty else { return }
        }
    }

    @Test("The first one works, and a second one stands by as long as it's there")
    func second() {
        var agents = NodeAgents(working: "a")
        agents.hear("b", standsBy: false)
        #expect(agents.review(["a": waiting(), "b": waiting()], expectsOthers: false, at: start) == false)
        #expect(agents.working == "a")
        let later = start.advanced(by: .seconds(600))
        #expect(agents.review(["a": waiting(), "b": waiting()], expectsOthers: false, at: later) == false)
    }

    @Test("A connection that ended is waited for a second, an open one that says nothing two")
    func absence() {
        for (isClosed, seconds) in [(true, 1.0), (false, 2.0)] {
            var agents = NodeAgents(working: "a")
            agents.hear("b", standsBy: true)
            let gone = NodeAgents.Sign(isWaiting: false, last: start, isClosed: isClosed)
            let signs = ["a": gone, "b": waiting()]
            #expect(agents.review(signs, expectsOthers: false, at: start.advanced(by: .seconds(seconds))) == false)
            #expect(
                agents.review(signs, expectsOthers: false, at: start.advanced(by: .seconds(seconds + 0.01))) == true)
            #expect(agents.working == "b")
            // It comes back, and stands by from now on.
            agents.hear("a", standsBy: false)
            let later = start.advanced(by: .seconds(10))
            #expect(agents.review(["a": waiting(), "b": waiting()], expectsOthers: false, at: later) == false)
        }
    }

    @Test("One whose pod is being deleted goes on only when there's no other")
    func ending() {
        var agents = NodeAgents(working: "a")
        var ending = waiting()
        ending.isEnding = true
        #expect(agents.review(["a": ending], expectsOthers: false, at: start) == false)
        agents.hear("b", standsBy: true)
        #expect(agents.review(["a": ending, "b": waiting()], expectsOthers: false, at: start) == true)
        #expect(agents.working == "b")
        #expect(agents.review(["a": ending, "b": ending], expectsOthers: false, at: start) == false, "it has begun")
    }

    @Test("After a coordinator's restart the one that worked goes on, whoever comes first")
    func restart() {
        var agents = NodeAgents(working: nil)
        agents.hear("b", standsBy: true)
        #expect(agents.review(["b": waiting()], expectsOthers: true, at: start) == false)
        agents.hear("a", standsBy: false)
        #expect(
            agents.review(
                ["a": waiting(), "b": waiting()], expectsOthers: false, at: start.advanced(by: .seconds(1))) == true)
        #expect(agents.working == "a")
        // Should it not come, the other one is waited with for three seconds, and not at all where it has the only pod.
        var lonely = NodeAgents(working: nil)
        lonely.hear("b", standsBy: true)
        #expect(lonely.review(["b": waiting()], expectsOthers: true, at: start) == false)
        #expect(lonely.review(["b": waiting()], expectsOthers: true, at: start.advanced(by: .seconds(3))) == true)
        var only = NodeAgents(working: nil)
        only.hear("b", standsBy: true)
        #expect(only.review(["b": waiting()], expectsOthers: false, at: start) == true)
        #expect(only.isAlone)
    }

    @Test("A pod that has gone is no reason to wait")
    func goneWithItsPod() {
        var agents = NodeAgents(working: "a")
        agents.hear("b", standsBy: true)
        agents.forget("a")
        #expect(agents.working == nil)
        #expect(agents.review(["b": waiting()], expectsOthers: true, at: start) == true)
        #expect(agents.isAlone)
    }

    @Test("One that stood by and isn't heard for three minutes is forgotten; the one that works never is")
    func forgotten() {
        var agents = NodeAgents(working: "a")
        agents.hear("b", standsBy: true)
        let old = NodeAgents.Sign(isWaiting: false, last: start)
        let later = start.advanced(by: .seconds(181))
        #expect(agents.review(["a": old, "b": old], expectsOthers: false, at: later) == false)
        #expect(agents.names == ["a"])
        #expect(agents.isAlone)
    }
}
