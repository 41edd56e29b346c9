/// Which of a node's agents works and which stand by, where pods of several DaemonSets have one each: a value without I/O or
/// clock.
///
/// One that works goes on for as long as it is there: nobody takes over from it for being better. It isn't there any more when
/// its pod has gone or is being deleted, when its connection has ended and it doesn't come back, or when it lets an answer pass
/// without asking again (it is frozen, or can't be reached).
public struct NodeAgents: Sendable, Equatable {
    public typealias Instant = ContinuousClock.Instant

    /// What is seen of an agent.
    public struct Sign: Sendable, Equatable {
        /// Its request waits for an answer.
        public var isWaiting: Bool
        /// When it did something last.
        public var last: Instant
        /// Its connection has ended since.
        public var isClosed: Bool
        /// Its pod is being deleted.
        public var isEnding: Bool

        public init(isWaiting: Bool, last: Instant, isClosed: Bool = false, isEnding: Bool = false) {
            (self.isWaiting, self.last, self.isClosed, self.isEnding) = (isWaiting, last, isClosed, isEnding)
        }

        func isPresent(at now: Instant) -> Bool {
            isWaiting || last.duration(to: now) <= (isClosed ? NodeAgents.reconnection : NodeAgents.silence)
        }
    }

    /// An agent that has news while its request waits ends the connection, and comes back on another one.
    public static let reconnection = Duration.seconds(1)
    /// After an answer an agent asks again at once, or within a second.
    public static let silence = Duration.seconds(2)
    /// How long the one that worked before this coordinator came is waited for, when one that stood by comes first.
    public static let patience = Duration.seconds(3)
    /// One that stands by reports once a minute.
    public static let standbyInterval = Duration.seconds(60)

    private struct Agent: Sendable, Equatable {
        var place: Int
        /// By the assignment that it has.
        var standsBy: Bool
    }

    /// Nil until it is decided.
    public private(set) var working: String?
    private var agents: [String: Agent] = [:]
    private var lastPlace = 0
    /// Since when one is there, and it isn't known whether another one works.
    private var undecidedSince: Instant?
    private var isDecided: Bool

    /// - Parameter working: the agent that works; nil: this coordinator has heard none that does.
    public init(working: String?) {
        self.working = working
        isDecided = working != nil
        if let working { hear(working, standsBy: false) }
    }

    /// All that are known.
    public var names: [String] { agents.sorted { $0.value.place < $1.value.place }.map(\.key) }

    /// How many stand by.
    public var standingBy: Int { agents.count - (working.map { agents[$0] == nil ? 0 : 1 } ?? 0) }

    /// Whether there's but one, which works.
    public var isAlone: Bool { agents.count == 1 && working.map { agents[$0] != nil } == true }

    /// An agent has reported.
    ///
    /// - Parameter standsBy: whether it says so.
    public mutating func hear(_ agent: String, standsBy: Bool) {
        if agents[agent] == nil {
            lastPlace += 1
            agents[agent] = Agent(place: lastPlace, standsBy: standsBy)
        } else {
            agents[agent]?.standsBy = standsBy
        }
    }

    /// An agent has gone with its pod.
    public mutating func forget(_ agent: String) {
        agents[agent] = nil
        if working == agent { working = nil }
    }

    /// Decides anew.
    ///
    /// - Parameters:
    ///   - signs: of each agent; those that nothing is seen of have gone.
    ///   - expectsOthers: whether the node has a pod whose agent hasn't been heard.
    /// - Returns: whether another one works now.
    public mutating func review(_ signs: [String: Sign], expectsOthers: Bool, at now: Instant) -> Bool {
        for agent in agents.keys {
            guard let sign = signs[agent] else {
                forget(agent)
                continue
            }
            let isLong = sign.last.duration(to: now) > Self.standbyInterval * 3
            if isLong, !sign.isWaiting, agent != working { agents[agent] = nil }
        }
        let present = agents.filter { signs[$0.key]?.isPresent(at: now) == true }
        let lasting = present.filter { signs[$0.key]?.isEnding == false }
        let candidates = lasting.isEmpty ? present : lasting
        if let working, candidates[working] != nil { return false }
        guard let first = candidates.min(by: { rank($0.value) < rank($1.value) }) else { return false }
        if !isDecided, first.value.standsBy, expectsOthers {
            let since = undecidedSince ?? now
            undecidedSince = since
            guard since.duration(to: now) >= Self.patience else { return false }
        }
        undecidedSince = nil
        isDecided = true
        working = first.key
        return true
    }

    /// Who works already, as far as he knows, comes before others, and who has been there longest.
    private func rank(_ agent: Agent) -> (Int, Int) { (agent.standsBy ? 1 : 0, agent.place) }
}
