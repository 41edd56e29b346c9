import Shared

/// The coordinator's side of the wire, by the words of agent.proto alone.
struct CoordinatorModel: Sendable {
    private var bootID = ""
    private var lastSequence: UInt64 = 0
    /// Nil: nothing is known of the node.
    private(set) var inventory: [String: WireImage]?
    private(set) var attempts: [UInt64: WireAttempt] = [:]
    var databaseID = "first"
    /// A database that stores nothing acknowledges nothing.
    var storesAttempts = true
    var assignment: WireAssignment?

    /// Another process takes over; its database may be another one.
    mutating func restart(database: String) {
        bootID = ""
        lastSequence = 0
        inventory = nil
        if database != databaseID { attempts = [:] }
        databaseID = database
    }

    mutating func take(_ report: WireReport) -> WireReportReply {
        if report.bootID != bootID {
            bootID = report.bootID
            lastSequence = 0
            inventory = nil
        }
        var reply = WireReportReply()
        reply.acknowledgedSequence = report.sequence
        reply.databaseID = databaseID
        if let assignment { reply.assignment = assignment }
        // One that was overtaken tells of the past.
        guard report.sequence > lastSequence else { return reply }
        switch report.inventory {
        case .full(let full):
            inventory = Dictionary(full.images.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        case .delta(let delta):
            if var known = inventory, delta.since <= lastSequence {
                for image in delta.changed { known[image.id] = image }
                for id in delta.removed { known[id] = nil }
                inventory = known
            } else {
                inventory = nil
                reply.sendFull = true
            }
        case nil:
            reply.sendFull = inventory == nil && report.runtime.listed
        }
        lastSequence = report.sequence
        if storesAttempts {
            for attempt in report.attempts { attempts[attempt.id] = attempt }
            reply.acknowledgedAttempt = report.attempts.map(\.id).max() ?? 0
        }
        return reply
    }
}
