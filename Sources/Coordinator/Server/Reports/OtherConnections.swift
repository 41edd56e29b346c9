import NIOCore
import ServiceLifecycle

/// Serves the connections of those who aren't agents, from their first request on.
final class OtherConnections: Service {
    typealias Work = @Sendable () async -> Void

    private let connections: AsyncStream<Work>
    private let handOver: AsyncStream<Work>.Continuation

    init() { (connections, handOver) = AsyncStream.makeStream() }

    /// Serves a connection; after the end of the service it's closed.
    func take(_ channel: any Channel, _ work: @escaping Work) {
        guard case .terminated = handOver.yield(work) else { return }
        channel.close(promise: nil)
        // Streams of a connection that nobody has read end the program when they are given up. On one that closes, work ends at once.
        Task(operation: work)
    }

    /// Until a graceful shutdown: then those that are open end with their answers.
    func run() async {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await work in connections { group.addTask(operation: work) }
            }
        } onGracefulShutdown: { [handOver] in
            handOver.finish()
        }
    }
}
