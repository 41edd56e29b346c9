import Glibc
import Shared
import Synchronization

/// Finds the node's runtime among the candidate sockets.
///
/// A node can carry the stale socket of a runtime that it used before, and the living one of another: Docker's containerd
/// beside k3s's or CRI-O, which listens and answers Unimplemented, or has images of its own that no pod uses. So where
/// several listen each is asked who it is, and that one counts which the kubelet names
/// (`status.nodeInfo.containerRuntimeVersion`, which the coordinator tells), else the first that answers.
final class SocketDiscovery: RuntimeSource {
    private struct State {
        /// Nil: nobody has told.
        var expected: KubeletsRuntime?
        var chosen: String?
    }

    private let candidates: [String]
    private let patience: Duration
    private let runtime: @Sendable (String) -> any ContainerRuntime
    private let state = Mutex(State())

    init(
        candidates: [String], patience: Duration = RuntimeSocket.patience,
        runtime: @escaping @Sendable (String) -> any ContainerRuntime = { CRIRuntime(socket: $0) }
    ) {
        self.candidates = candidates
        self.patience = patience
        self.runtime = runtime
    }

    func expect(_ version: String) {
        state.withLock { state in
            guard let expected = KubeletsRuntime(version), state.expected != expected else { return }
            state.expected = expected
            state.chosen = nil
        }
    }

    func forget() { state.withLock { $0.chosen = nil } }

    func current() async throws(RuntimeFailure) -> any ContainerRuntime {
        if let chosen = state.withLock({ $0.chosen }), RuntimeSocket(path: chosen).probe() == nil {
            return runtime(chosen)
        }
        let listening = try await self.listening()
        guard listening.count > 1 else { return choose(listening[0]) }
        return choose(try await best(of: listening))
    }

    private func choose(_ path: String) -> any ContainerRuntime {
        state.withLock { $0.chosen = path }
        return runtime(path)
    }

    /// At least one.
    private func listening() async throws(RuntimeFailure) -> [String] {
        var listening: [String] = []
        var first: RuntimeFailure?
        for path in candidates {
            guard let reason = await RuntimeSocket(path: path).probe(patience: patience) else {
                listening.append(path)
                continue
            }
            let failure = RuntimeFailure.unreachable(path, reason)
            if failure.fault != .socketMissing, first == nil { first = failure }
        }
        guard listening.isEmpty else { return listening }
        if let first { throw first }
        throw RuntimeFailure(
            .socketMissing, "none of the runtime sockets exists: \(candidates.joined(separator: ", "))")
    }

    private func best(of paths: [String]) async throws(RuntimeFailure) -> String {
        let expected = state.withLock { $0.expected }
        var answering: String?
        var first: RuntimeFailure?
        for path in paths {
            do {
                let version = try await runtime(path).version()
                if expected?.isCalled(version.runtimeName, version: version.runtimeVersion) == true { return path }
                if answering == nil { answering = path }
            } catch {
                if first == nil { first = RuntimeFailure(error, socket: path) }
            }
        }
        if let answering { return answering }
        throw first ?? RuntimeFailure(.notAnswering, "no runtime answers at \(paths.joined(separator: ", "))")
    }
}
