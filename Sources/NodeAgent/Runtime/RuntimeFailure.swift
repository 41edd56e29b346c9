import Glibc
import Shared

/// Why the runtime could not be asked.
struct RuntimeFailure: Error, Equatable, CustomStringConvertible {
    let fault: WireRuntimeFault
    let description: String

    init(_ fault: WireRuntimeFault, _ description: String) {
        self.fault = fault
        self.description = description
    }

    /// Finds out what an error of a call to `socket` means.
    init(_ error: any Error, socket: String) {
        switch error {
        case let failure as RuntimeFailure:
            self = failure
        case let status as GRPCStatus where [GRPCStatus.deadlineExceeded, GRPCStatus.unavailable].contains(status.code):
            // The transport knows less than the kernel does.
            if let reason = RuntimeSocket(path: socket).probe() {
                self = Self.unreachable(socket, reason)
            } else {
                self.init(.notAnswering, "the runtime at \(socket) doesn't answer: \(Redaction.clean(status.message))")
            }
        case let status as GRPCStatus:
            self.init(.error, "the runtime at \(socket) answers with an error: \(Redaction.clean(status.message))")
        default:
            self.init(.notAnswering, "the runtime at \(socket) doesn't answer: \(Redaction.clean("\(error)"))")
        }
    }

    static func unreachable(_ socket: String, _ reason: Files.Failure) -> RuntimeFailure {
        switch reason.code {
        case ENOENT, ENOTDIR, ENOTSOCK:
            RuntimeFailure(.socketMissing, "there is no runtime socket at \(socket): \(reason)")
        case EACCES, EPERM:
            RuntimeFailure(
                .permissionDenied,
                "the runtime socket \(socket) may not be used: \(reason); the agent must run as user 0, and "
                    + "SELinux or AppArmor must allow it")
        case EAGAIN:
            RuntimeFailure(
                .notAnswering, "the runtime at \(socket) takes no connection: its queue is full, so it seems to hang")
        default:
            RuntimeFailure(.notAnswering, "nothing answers at the runtime socket \(socket): \(reason)")
        }
    }
}
