import ClusterModel
import Planning
import Shared
import SwiftProtobuf

/// A node's agent in virtual time: lists the model's runtime, obeys its assignment, and speaks the wire's language.
struct ModelAgent {
    let node: String
    private(set) var bootID: String
    private(set) var assignment = WireAssignment()
    private var sequence: UInt64 = 0
    private var acknowledged: UInt64 = 0
    private var mustSendFull = true
    private var listing: [String: WireImage] = [:]
    private var listedAt: Seconds = 0
    private var touched: Set<String> = []
    private var attempts: [(attempt: WireAttempt, started: Seconds, ended: Seconds)] = []
    private var lastAttempt: UInt64 = 0
    private var running: [UInt64: PullID] = [:]
    private var finished: Set<UInt64> = []

    init(node: String, bootID: String) {
        self.node = node
        self.bootID = bootID
    }

    /// Lists the runtime's images.
    mutating func poll(_ runtime: RuntimeModel, at now: Seconds) {
        var images: [String: WireImage] = [:]
        for image in runtime.images {
            images[image.id] = WireImage.with {
                $0.id = image.id
                $0.tags = image.tags
                $0.digests = image.digests
                $0.size = UInt64(image.size)
                $0.inUse = runtime.isHeld(imageID: image.id)
            }
        }
        for id in Set(images.keys).union(listing.keys) where images[id] != listing[id] { touched.insert(id) }
        listing = images
        listedAt = now
    }

    mutating func report(at now: Seconds) -> WireReport {
        sequence += 1
        return WireReport.with { report in
            report.node = node
            report.bootID = bootID
            report.sequence = sequence
            report.acknowledged = acknowledged
            report.runtime.listed = true
            report.inventoryAgeMs = UInt64((now - listedAt) * 1000)
            if mustSendFull {
                report.full.images = listing.values.sorted { $0.id < $1.id }
            } else if !touched.isEmpty {
                report.delta.since = acknowledged
                report.delta.changed = touched.compactMap { listing[$0] }
                report.delta.removed = touched.filter { listing[$0] == nil }
            }
            report.attempts = attempts.map { finished in
                var attempt = finished.attempt
                attempt.startedAgeMs = UInt64((now - finished.started) * 1000)
                attempt.endedAgeMs = UInt64((now - finished.ended) * 1000)
                return attempt
            }
        }
    }

    /// Takes the answer to the newest report, and starts and ends pulls as it says.
    mutating func receive(_ reply: WireReportReply, model: inout ClusterModel) {
        acknowledged = reply.acknowledgedSequence
        mustSendFull = reply.sendFull
        touched = []
        attempts.removeAll { $0.attempt.id <= reply.acknowledgedAttempt }
        assignment = reply.assignment
        let wanted = Set(assignment.pulls.map(\.id))
        for (id, pull) in running where !wanted.contains(id) {
            model.cancelPull(pull)
            running[id] = nil
        }
        finished.formIntersection(wanted)
        for pull in assignment.pulls where running[pull.id] == nil && !finished.contains(pull.id) {
            running[pull.id] = model.startPull(node: node, reference: pull.reference)
        }
    }

    /// A pull of the model ended.
    mutating func pullFinished(_ pull: FinishedPull, runtime: RuntimeModel, at now: Seconds) {
        guard let order = running.first(where: { $0.value == pull.id })?.key else { return }
        running[order] = nil
        finished.insert(order)
        lastAttempt += 1
        let attempt = WireAttempt.with {
            $0.id = lastAttempt
            $0.pullID = order
            $0.reference = pull.reference
            $0.outcome = pull.failure == nil ? .succeeded : .failed
            $0.message = pull.failure?.message ?? ""
            $0.grpcCode = UInt32(pull.failure?.code ?? 0)
            $0.imageID = pull.image?.id ?? ""
            $0.bytes = UInt64(pull.bytes)
        }
        attempts.append((attempt, pull.startedAt, now))
        poll(runtime, at: now)
    }

    /// The process starts anew; pulls end with it.
    mutating func restart(bootID: String, model: inout ClusterModel) {
        for pull in running.values { model.cancelPull(pull) }
        self = ModelAgent(node: node, bootID: bootID)
    }
}
