import Glibc
import Shared

/// Finds the runtime among the candidate sockets: the first that somebody listens at.
///
/// A node can carry the stale socket of a runtime that it used before, so a socket's being there isn't enough.
struct SocketDiscovery: RuntimeSource {
    let candidates: [String]

    func current() throws(RuntimeFailure) -> any ContainerRuntime { CRIRuntime(socket: try socket()) }

    func socket() throws(RuntimeFailure) -> String {
        var first: RuntimeFailure?
        for path in candidates {
            guard let reason = RuntimeSocket(path: path).probe() else { return path }
            let failure = RuntimeFailure.unreachable(path, reason)
            if failure.fault != .socketMissing, first == nil { first = failure }
        }
        if let first { throw first }
        throw RuntimeFailure(
            .socketMissing, "none of the runtime sockets exists: \(candidates.joined(separator: ", "))")
    }
}
