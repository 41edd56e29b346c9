import Shared

/// The way to the coordinator.
protocol CoordinatorChannel: Sendable {
    /// Sends a report and waits for its answer.
    ///
    /// - Parameters:
    ///   - after: the generation of the assignment that the agent has; 0 for none.
    ///   - wait: how long the answer may take when the coordinator has nothing new.
    func exchange(_ report: WireReport, after: UInt64, wait: Duration) async throws -> WireReportReply
}

/// An answer that is no reply.
struct CoordinatorRefusal: Error, CustomStringConvertible {
    let status: Int
    /// The problem document's title and detail, or what there is of the body.
    let detail: String
    let retryAfter: Duration?

    /// The report is larger than the coordinator takes.
    var isTooLarge: Bool { status == 413 }

    var description: String { "the coordinator answered \(status)" + (detail.isEmpty ? "" : ": \(detail)") }
}

/// Why a report couldn't be sent.
struct CoordinatorUnreachable: Error, CustomStringConvertible {
    let description: String
}
