import Synchronization
import Testing

/// Waits until a condition holds, at most 30 seconds: the machines that run the tests may be busy.
///
/// - Returns: whether it came to hold.
@discardableResult
func eventually(_ condition: @Sendable () async throws -> Bool) async rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(2))
    }
    return try await condition()
}

/// Waits until a number hasn't changed for half a second.
func settled(_ value: @Sendable () -> Int) async -> Int {
    var last = value()
    var since = ContinuousClock.now
    while since.duration(to: .now) < .milliseconds(500) {
        try? await Task.sleep(for: .milliseconds(10))
        let current = value()
        if current != last {
            last = current
            since = .now
        }
    }
    return last
}

/// A value that a server's threads and a test share.
final class Shelf<Value: Sendable>: Sendable {
    private let content: Mutex<Value>

    init(_ value: Value) { content = Mutex(value) }

    var value: Value { content.withLock { $0 } }

    @discardableResult
    func update<Result: Sendable>(_ change: (inout Value) -> Result) -> Result {
        content.withLock { value in
            let result = change(&value)
            return result
        }
    }
}

/// How long something took, and what it threw.
func timed(_ work: () async throws -> Void) async -> (duration: Duration, error: (any Error)?) {
    let start = ContinuousClock.now
    do {
        try await work()
        return (start.duration(to: .now), nil)
    } catch {
        return (start.duration(to: .now), error)
    }
}

/// Waits for a task, and says how it failed.
func failure<Success>(of task: Task<Success, any Error>) async -> (any Error)? {
    do {
        _ = try await task.value
        return nil
    } catch {
        return error
    }
}
