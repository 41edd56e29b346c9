import Cluster
import Control
import History
import Leadership
import Logging
import Planning
import ServiceLifecycle

/// What a coordinator does only while it leads. History is opened first: everything else writes to it.
struct LeadingWork: Sendable {
    let leadership: LeadershipBoard
    let history: HistoryStore
    let clock: CoordinatorClock
    let logger: Logger
    private let opened = Promise<Void>()

    init(leadership: LeadershipBoard, history: HistoryStore, clock: CoordinatorClock, logger: Logger) {
        self.leadership = leadership
        self.history = history
        self.clock = clock
        self.logger = logger
    }

    /// Work that begins when this coordinator leads and its history is open.
    func service(_ name: String, work: @escaping @Sendable () async throws -> Void) -> any Service {
        Background(name) { [opened] in
            try await opened.value
            try await work()
        }
    }

    /// Opens history once this coordinator leads, and says every few seconds that this run is alive, so that history
    /// knows until when it watched.
    func keepHistory(of loop: ControlLoop) async throws {
        try await leadership.untilLeading()
        let health = await history.open()
        if let failure = health.failure {
            logger.error("no history is kept; images are cached all the same", metadata: ["error": "\(failure)"])
        }
        var told = 0
        tellSetAside(health, &told)
        _ = await history.startRun(at: clock.now.milliseconds)
        await opened.fulfil(())
        while !Task.isCancelled {
            _ = await history.heartbeat(at: clock.now.milliseconds)
            tellSetAside(await history.health, &told)
            await loop.mendHistory()
            try? await Task.sleep(for: .seconds(10))
        }
    }

    /// - Parameter told: of how many files the log has heard.
    private func tellSetAside(_ health: HistoryHealth, _ told: inout Int) {
        for path in health.setAside.dropFirst(told) {
            logger.error(
                "the database of history was corrupted: it is kept beside its place, and a new one was begun",
                metadata: [
                    "kept": "\(path)",
                    "nextStep":
                        "look at the volume; put a backup (coordinator backup) in its place while no coordinator runs, or remove the kept file",
                ])
        }
        told = health.setAside.count
    }

    /// Writes what is left to write. Nothing when this coordinator never led.
    func end() async {
        if await opened.isKept { _ = await history.endRun(at: clock.now.milliseconds) }
        await history.close()
    }
}
