import Glibc
import Logging

/// The coordinator led and must not act any more.
package struct LeadershipLost: Error, Sendable, CustomStringConvertible {
    var loss: LeaderElection.Loss
    /// The namespace and name of the Lease.
    var lease: String
    /// The last request's error.
    var trouble: String?

    package var description: String {
        let what =
            switch loss {
            case .notRenewed:
                "the Lease \(lease) could not be renewed in time" + (trouble.map { ": \($0)" } ?? "")
            case .taken(let holder): "\(holder) holds the Lease \(lease) now"
            }
        return "this coordinator leads no more: \(what). It ends, so that never two of them act; started again, it "
            + "takes part in the election. What is cached stays cached."
    }
}

extension LeadershipLost {
    /// Ends the process even if something doesn't end: others may take the Lease soon.
    package func endProcess(within grace: Duration, logger: Logger) {
        Task.detached {
            try? await Task.sleep(for: grace)
            logger.critical("ending at once", metadata: ["error": "\(self)"])
            exit(EXIT_FAILURE)
        }
    }
}
