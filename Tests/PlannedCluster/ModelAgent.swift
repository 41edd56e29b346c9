import Cluster
import ClusterModel
import Planning
import Shared
import SwiftProtobuf

/// A node's agent in virtual time: lists the model's runtime, obeys its assignment, and speaks the wire's language.
package struct ModelAgent {
    package let node: String
    package private(set) var bootID: String
    package private(set) var assignment = WireAssignment()
    private var sequence: UInt64 = 0
    private var acknowledged: UInt64 = 0
    private var mustSendFull = true
    private var listing: [String: WireImage] = [:]
    private var listedAt: Seconds = 0
    private var touched: Set<String> = []
    private var attempts: [(attempt: WireAttempt, started: Seconds, ended: Seconds)] = []
    private var lastAttempt: UInt64 = 0
    /// Former: the ids of the images that the node had when the pull began.
    private var running: [UInt64: (pull: PullID, reference: String, since: Seconds, former: Set<String>)] = [:]
    private var finished: Set<UInt64> = []
    /// Pulls have begun since the last report: the next poll follows the answer at once, and says so.
    private var hasBegun = false
    /// Changes with the secrets that are mounted into it.
    package var secretsDigest = ""
    package var credential: Credential?

    package init(node: String, bootID: String) {
        self.node = node
        self.bootID = bootID
    }

    /// Whether there's something that can't wait for the next heartbeat.
    package var hasNews: Bool { mustSendFull || !attempts.isEmpty || !touched.isEmpty || hasBegun }

    /// Lists the runtime's images.
    package mutating func poll(_ runtime: RuntimeModel, at now: Seconds) {
        listedAt = now
        let held = Set(runtime.containers.map(\.imageID))
        var images: [String: WireImage] = [:]
        for image in runtime.images {
            if let old = listing[image.id], old.tags == image.tags, old.size == UInt64(image.size),
                old.inUse == held.contains(image.id)
            {
                images[image.id] = old
                continue
            }
            images[image.id] = WireImage.with {
                $0.id = image.id
                $0.tags = image.tags
                $0.digests = image.digests
                $0.size = UInt64(image.size)
                $0.inUse = held.contains(image.id)
                $0.platform = image.kind == .artifact ? "" : image.platform
                $0.artifact = image.kind == .artifact
            }
            touched.insert(image.id)
        }
        for id in listing.keys where images[id] == nil { touched.insert(id) }
        listing = images
    }

    package mutating func report(at now: Seconds, disk: RuntimeModel) -> WireReport {
        sequence += 1
        hasBegun = false
        return WireReport.with { report in
            report.node = node
            report.bootID = bootID
            report.sequence = sequence
            report.acknowledged = acknowledged
            report.runtime.name = disk.flavour.isContainerd ? "containerd" : "cri-o"
            report.runtime.listed = true
            report.inventoryAgeMs = UInt64((now - listedAt) * 1000)
            report.pullSecretsDigest = secretsDigest
            report.imageFilesystem.capacityBytes = UInt64(disk.diskCapacity)
            report.imageFilesystem.freeBytes = UInt64(disk.freeBytes)
            if mustSendFull {
                report.full.images = listing.values.sorted { $0.id < $1.id }
            } else if !touched.isEmpty {
                report.delta.since = acknowledged
                report.delta.changed = touched.sorted().compactMap { listing[$0] }
                report.delta.removed = touched.sorted().filter { listing[$0] == nil }
            }
            report.attempts = attempts.map { finished in
                var attempt = finished.attempt
                attempt.startedAgeMs = UInt64((now - finished.started) * 1000)
                attempt.endedAgeMs = UInt64((now - finished.ended) * 1000)
                return attempt
            }
            report.running = running.sorted { $0.key < $1.key }.map { id, pull in
                WireRunningPull.with {
                    $0.pullID = id
                    $0.reference = pull.reference
                    $0.ageMs = UInt64((now - pull.since) * 1000)
                }
            }
        }
    }

    /// Takes the answer to the newest report, and starts and ends pulls as it says.
    package mutating func receive(_ reply: WireReportReply, model: inout ClusterModel) {
        acknowledged = reply.acknowledgedSequence
        mustSendFull = reply.sendFull
        touched = []
        attempts.removeAll { $0.attempt.id <= reply.acknowledgedAttempt }
        assignment = reply.assignment
        let wanted = Set(assignment.pulls.map(\.id))
        for (id, pull) in running where !wanted.contains(id) {
            model.cancelPull(pull.pull)
            running[id] = nil
        }
        finished.formIntersection(wanted)
        for pull in assignment.pulls where running[pull.id] == nil && !finished.contains(pull.id) {
            if pull.removeFirst { model.removeUnused(pull.reference, node: node) }
            let id = model.startPull(node: node, reference: pull.reference, credential: credential)
            hasBegun = true
            running[pull.id] = (id, pull.reference, model.now, Set(listing.keys))
        }
    }

    /// Ends pulls whose deadline has passed.
    package mutating func expire(_ model: inout ClusterModel) {
        guard !running.isEmpty else { return }
        let timeouts = Dictionary(assignment.pulls.map { ($0.id, $0.timeoutSeconds) }) { first, _ in first }
        for (order, pull) in running.sorted(by: { $0.key < $1.key }) {
            guard let timeout = timeouts[order], model.now >= pull.since + Seconds(timeout) else { continue }
            model.cancelPull(pull.pull)
            running[order] = nil
            finished.insert(order)
            lastAttempt += 1
            let attempt = WireAttempt.with {
                $0.id = lastAttempt
                $0.pullID = order
                $0.reference = pull.reference
                $0.outcome = .timedOut
                $0.message = "context deadline exceeded"
                $0.grpcCode = 4
            }
            attempts.append((attempt, pull.since, model.now))
        }
    }

    /// A pull of the model ended.
    package mutating func pullFinished(_ pull: FinishedPull, runtime: RuntimeModel, at now: Seconds) {
        guard let (order, pulling) = running.first(where: { $0.value.pull == pull.id }) else { return }
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
            let id = pull.imageRef ?? ""
            $0.imageID = id
            $0.bytes = UInt64(pull.image.flatMap { pulling.former.contains(id) ? nil : $0.size } ?? 0)
        }
        attempts.append((attempt, pull.startedAt, now))
        poll(runtime, at: now)
    }

    /// The process ends, and its pulls with it.
    package func stop(_ model: inout ClusterModel) {
        for pull in running.values { model.cancelPull(pull.pull) }
    }
}

extension ClusterModel {
    /// Removes what a reference means on a node, unless a container uses it or it has other tags.
    fileprivate mutating func removeUnused(_ reference: String, node: String) {
        guard let image = runtime(node)?.image(reference), image.tags.count <= 1,
            runtime(node)?.isHeld(imageID: image.id) == false
        else { return }
        removeImage(reference, node: node)
    }
}
