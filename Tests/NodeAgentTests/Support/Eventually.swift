import Testing

/// Waits until the condition holds; records an issue when it doesn't in good time.
@discardableResult
func eventually(
    _ what: Comment, within time: Duration = .seconds(30), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: @Sendable () async throws -> Bool
) async rethrows -> Bool {
    let end = ContinuousClock.now + time
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("in \(time) it didn't come to pass: \(what)", sourceLocation: sourceLocation)
    return false
}
