import Logging
import NIOCore
import ServiceLifecycle

/// Serves while the body runs, and ends the server gracefully after it.
///
/// A server whose task is cancelled outright can trap in NIO over a connection that it has just accepted, and take the
/// whole test run with it; so no test cancels one.
///
/// - Parameters:
///   - application: makes the server; what it's given must be told the listening channel.
///   - body: gets the server's port; 0 on a Unix socket.
public func whileServing<Value: Sendable>(
    _ application: (@escaping @Sendable (any Channel) async -> Void) -> any Service,
    _ body: (Int) async throws -> Value
) async throws -> Value {
    try await whileServingPort({ announce in application { await announce($0.localAddress?.port ?? 0) } }, body)
}

/// The same for a server that says itself at which port it listens.
public func whileServingPort<Value: Sendable>(
    _ application: (@escaping @Sendable (Int) async -> Void) -> any Service,
    _ body: (Int) async throws -> Value
) async throws -> Value {
    let (ports, announce) = AsyncStream<Int>.makeStream()
    let service = application { announce.yield($0) }
    var logger = Logger(label: "test-server")
    logger.logLevel = .critical
    var services = ServiceGroupConfiguration(services: [service], logger: logger)
    services.maximumGracefulShutdownDuration = .seconds(1)
    let group = ServiceGroup(configuration: services)
    let running = Task {
        // One that can't listen must not be waited for.
        defer { announce.finish() }
        try? await group.run()
    }
    let result: Result<Value, any Error>
    do {
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else { throw ServerDidNotStart() }
        result = .success(try await body(port))
    } catch {
        result = .failure(error)
    }
    await group.triggerGracefulShutdown()
    await running.value
    return try result.get()
}

public struct ServerDidNotStart: Error {}
