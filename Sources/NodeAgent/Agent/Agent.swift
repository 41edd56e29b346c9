import Logging
import Shared

/// The agent: looks at the runtime, obeys the assignment, reports. What to do is decided by the values that it
/// holds; here is only the doing.
actor Agent {
    let configuration: AgentConfiguration
    let source: any RuntimeSource
    let coordinator: any CoordinatorChannel
    let secrets: PullSecrets?
    let uptime = Uptime()
    let log: Logger

    var state: ReportState
    var conversation: Conversation
    var board = PullBoard()
    var pulls: [PullBoard.Key: Task<Void, Never>] = [:]
    var isStopping = false
    var relief: CodeRelief

    // The observer's.
    var runtime: (any ContainerRuntime)?
    var resolutions = Resolutions()
    var platforms = ImagePlatforms()
    var shortNames = ShortNames()
    var listingWaiters: [CheckedContinuation<Void, Never>] = []
    var listingIsDue = false
    /// When the newest listing began; nil before the first.
    var listingBegan: Duration?
    var listingsUntilVersion = 0
    var listingPace = ListingPace()
    /// Until the next listing, when that is sooner than an interval.
    var listingPause: Duration?
    var observerSleep: Task<Void, Never>?
    var observerWork: Task<ImageListing, any Error>?

    // The reporter's.
    var reporterSleep: Task<Void, Never>?
    var exchange: Task<WireReportReply, any Error>?
    var lastTrouble: String?
    /// Whether the coordinator has answered: it may know of another agent that works.
    var isAnswered = false

    /// Until the coordinator says otherwise.
    static let defaultInterval = Duration.seconds(10)
    /// Whether the agent is to work at all is waited for so long at its start.
    static let firstPatience = Duration.seconds(10)
    /// A pod's containers have ten seconds to end.
    static let stopTime = Duration.seconds(8)
    static let hardStopSeconds = 9

    init(
        _ configuration: AgentConfiguration, source: (any RuntimeSource)? = nil,
        coordinator: (any CoordinatorChannel)? = nil, log: Logger = Logger(label: "node-agent")
    ) {
        self.configuration = configuration
        self.log = log
        self.source = source ?? SocketDiscovery(candidates: configuration.runtimeSockets)
        self.coordinator =
            coordinator
            ?? HTTPCoordinator(
                server: configuration.server, tokenFile: configuration.tokenFile, caFile: configuration.caFile)
        secrets = configuration.pullSecrets.map { PullSecrets(directory: $0) }
        state = ReportState(node: configuration.node, bootID: Self.newBootID())
        conversation = Conversation(interval: Self.defaultInterval)
        relief = CodeRelief(at: uptime.now)
    }

    /// Runs until ``stop()`` has been called and everything is told, or can't be.
    func run() async {
        log.info(
            "node-agent \(Command.version) starts",
            metadata: ["node": "\(configuration.node)", "server": "\(configuration.server)", "boot": "\(state.bootID)"])
        async let observing: Void = observe()
        await report()
        observerSleep?.cancel()
        observerWork?.cancel()
        await observing
        log.info("node-agent ends")
    }

    /// Cancels the pulls; what isn't acknowledged is still sent.
    func stop() {
        guard !isStopping else { return }
        isStopping = true
        let now = uptime.now
        log.info("asked to end", metadata: ["running pulls": "\(pulls.count)"])
        conversation.end(at: now, by: now + Self.stopTime)
        carryOut(board.close(at: now))
        observerSleep?.cancel()
        observerWork?.cancel()
        reporterSleep?.cancel()
        if conversation.isPolling { exchange?.cancel() }
        Task {
            try? await Task.sleep(for: Self.stopTime)
            exchange?.cancel()
            reporterSleep?.cancel()
        }
    }

    /// To be called after every change: ends the poll, or the rest, when there's something to say.
    func changed() {
        if isStopping || conversation.awaitsNews { reporterSleep?.cancel() }
        if state.hasNews, conversation.isPolling { exchange?.cancel() }
    }

    /// The assignment's interval between two listings of the runtime, within what makes sense.
    var interval: Duration { Self.sensible(state.assignment?.reportIntervalMs) ?? Self.defaultInterval }

    /// The assignment's interval between two reports that say nothing.
    var heartbeat: Duration { Self.sensible(state.assignment?.heartbeatIntervalMs) ?? interval }

    private static func sensible(_ milliseconds: UInt32?) -> Duration? {
        guard let milliseconds, milliseconds > 0 else { return nil }
        return .milliseconds(Int64(min(max(milliseconds, 100), 3_600_000)))
    }

    private static func newBootID() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let text = String(random.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
    }
}
