/// The pauses between two looks of a command that waits: a tenth of the time that it has waited, so that its end is told
/// soon after it came, and a long wait asks seldom.
struct LookPause {
    private static let shortest = Duration.milliseconds(50)
    private static let longest = Duration.milliseconds(500)

    private let start = ContinuousClock.now

    func rest() async throws {
        let waited = ContinuousClock.now - start
        try await Task.sleep(for: min(max(waited / 10, Self.shortest), Self.longest))
    }
}
