import Shared

/// All that the agent knows of its node, and how much of it the coordinator has acknowledged.
///
/// A report holds what isn't acknowledged. Reports are sent one at a time; one that got no answer may have arrived
/// or not, and the next one is right in both cases.
struct ReportState: Sendable {
    let node: String
    let bootID: String

    private(set) var inventory = InventoryLedger()
    var attempts = AttemptLedger()
    private(set) var status = Status()
    /// Nil until the coordinator has answered.
    private(set) var assignment: WireAssignment?

    private var sequence: UInt64 = 0
    private var acknowledgedSequence: UInt64 = 0
    private var acknowledgedStatus: Status?
    private var flight: Flight?

    /// What a report says of the runtime and the secrets. A change of it is news.
    struct Status: Sendable, Equatable {
        var runtime = WireRuntime()
        var pullSecretsDigest = ""
    }

    /// What the report under way holds.
    private struct Flight: Sendable {
        let sequence: UInt64
        let mark: UInt64
        let isFull: Bool
        let attempts: Set<UInt64>
        let status: Status
    }

    init(node: String, bootID: String) {
        self.node = node
        self.bootID = bootID
    }

    /// Whether another agent of the node works.
    var standsBy: Bool { assignment?.standby ?? false }

    /// Whether there's more to say than that the agent is alive.
    var hasNews: Bool { inventory.isDue || attempts.hasNews || status != acknowledgedStatus }

    /// The references of the assignment, as written, each once.
    var desired: [String] {
        var seen: Set<String> = []
        return (assignment?.images ?? []).map(\.reference).filter { seen.insert($0).inserted }
    }

    /// The assignment's short names, by the full name that each stands for.
    var shortNames: [String: String] {
        let short = (assignment?.images ?? []).lazy.filter { !$0.shortName.isEmpty }
        return Dictionary(short.map { ($0.reference, $0.shortName) }, uniquingKeysWith: { first, _ in first })
    }

    /// The runtime was listed.
    ///
    /// - Parameter trouble: why the images of the assignment were asked for one by one; empty: they weren't.
    mutating func listed(_ images: [WireImage], trouble: String = "", at now: Duration) {
        inventory.take(images, at: now)
        status.runtime.listed = true
        status.runtime.error =
            trouble.isEmpty
            ? "" : "the runtime can't list its images, and is asked for the wanted ones one by one: \(trouble)"
        status.runtime.fault = trouble.isEmpty ? .none : .error
    }

    /// The runtime said who it is.
    mutating func runtimeIs(name: String, version: String, socket: String) {
        status.runtime.name = name
        status.runtime.version = version
        status.runtime.socket = socket
    }

    /// The runtime couldn't be listed: what is known of it stands, and grows old.
    mutating func runtimeFailed(_ failure: RuntimeFailure) {
        status.runtime.error = failure.description
        status.runtime.fault = failure.fault
    }

    mutating func pullSecrets(digest: String) { status.pullSecretsDigest = digest }

    /// The next report. Whatever report was under way counts as lost.
    mutating func nextReport(
        at now: Duration, running: [WireRunningPull], filesystem: WireImageFilesystem?
    ) -> WireReport {
        sequence += 1
        attempts.forget(at: now)
        let due = attempts.due
        var report = WireReport()
        report.node = node
        report.bootID = bootID
        report.sequence = sequence
        report.acknowledged = acknowledgedSequence
        report.agentVersion = Command.version
        report.standingBy = standsBy
        if !standsBy { report.runtime = status.runtime }
        report.pullSecretsDigest = status.pullSecretsDigest
        if let filesystem { report.imageFilesystem = filesystem }
        report.inventory = inventory.due(since: acknowledgedSequence)
        report.attempts = due.map { $0.wire(at: now) }
        report.running = running
        if let listedAt = inventory.listedAt { report.inventoryAgeMs = (now - listedAt).wholeMilliseconds }
        var isFull = false
        if case .full? = report.inventory { isFull = true }
        flight = Flight(
            sequence: sequence, mark: inventory.mark, isFull: isFull, attempts: Set(due.map(\.id)), status: status)
        // What no coordinator takes isn't sent.
        return (try? CheckedReport(report))?.wire ?? report
    }

    /// What was known of the node: another agent tells of it now. What isn't acknowledged of attempts is still told.
    private mutating func forgetNode() {
        inventory = InventoryLedger()
        status = Status()
        acknowledgedStatus = status
    }

    /// What an answer came to.
    enum Answer: Sendable, Equatable {
        /// The report is acknowledged. `assignmentChanged`: it differs from the former one.
        case acknowledged(assignmentChanged: Bool)
        /// The answer speaks of another report, or asks again for what it was just given: a coordinator that is
        /// confused, and must not be answered at full speed.
        case useless(String)
    }

    mutating func answered(_ reply: WireReportReply, at now: Duration) -> Answer {
        guard let flight, reply.acknowledgedSequence == flight.sequence else {
            let sent = flight?.sequence ?? 0
            self.flight = nil
            return .useless("it acknowledges report \(reply.acknowledgedSequence), and report \(sent) was sent")
        }
        self.flight = nil
        acknowledgedSequence = flight.sequence
        acknowledgedStatus = flight.status
        inventory.acknowledge(upTo: flight.mark, wasFull: flight.isFull)
        if reply.sendFull { inventory.requireFull() }
        attempts.answered(
            sent: flight.attempts, acknowledged: reply.acknowledgedAttempt, databaseID: reply.databaseID, at: now)
        // An answer without an assignment changes nothing: above all it cancels nothing.
        var changed = false
        if reply.hasAssignment, reply.assignment != assignment {
            let stoodBy = standsBy
            assignment = reply.assignment
            changed = true
            if standsBy, !stoodBy { forgetNode() }
        }
        if reply.sendFull, flight.isFull {
            if changed { return .acknowledged(assignmentChanged: true) }
            return .useless("it asks again for the full inventory that it was just sent")
        }
        return .acknowledged(assignmentChanged: changed)
    }
}
