import Cluster
import ImageSets
import Shared

extension Fleet {
    /// What a report did to the fleet.
    public struct Ingestion: Sendable {
        public var transitions: [Transition] = []
        /// Attempts to store, those that were reported before too: history tells them apart.
        public var attempts: [FinishedAttempt] = []
        /// Those among them that failed and weren't reported before.
        public var newFailures: [FinishedAttempt] = []
        /// Attempts of the node's kubelet that are over. Each is told once.
        public var kubeletAttempts: [FinishedAttempt] = []
        /// The coordinator lacks what the delta was built on.
        public var needsFull = false
    }

    /// An attempt with its times by the coordinator's clock.
    public struct FinishedAttempt: Sendable, Equatable {
        public var node: String
        public var bootID: String
        public var id: UInt64
        public var reference: String
        public var started: Timestamp
        public var ended: Timestamp
        /// Nil when it succeeded.
        public var reason: FailureReason?
        public var message: String
        public var imageID: String
        public var bytes: UInt64

        public init(
            node: String, bootID: String, id: UInt64, reference: String, started: Timestamp, ended: Timestamp,
            reason: FailureReason?, message: String, imageID: String, bytes: UInt64
        ) {
            (self.node, self.bootID, self.id, self.reference) = (node, bootID, id, reference)
            (self.started, self.ended, self.reason) = (started, ended, reason)
            (self.message, self.imageID, self.bytes) = (message, imageID, bytes)
        }
    }

    /// Takes an agent's report.
    ///
    /// A report that was overtaken by a newer one, of the same boot or of the next, changes nothing but is still
    /// mined for attempts.
    ///
    /// - Parameter platform: `os/arch` of the node.
    public mutating func ingest(
        _ report: CheckedReport, platform: String = "", at now: Timestamp,
        using random: inout some RandomNumberGenerator
    ) -> Ingestion {
        settleSilence(at: now)
        var result = Ingestion()
        let name = report.node
        if nodes[name] == nil { nodes[name] = NodeState(generation: newGeneration(), slot: slots.take(name)) }
        guard var node = nodes[name] else { return result }
        if isOvertaken(report, on: node, at: now) {
            result.attempts = finish(report.attempts, of: name, bootID: report.bootID, at: now)
            return result
        }
        let isNewBoot = node.bootID != report.bootID
        let hasNewSecrets = isNewBoot || node.pullSecretsDigest != report.pullSecretsDigest
        if isNewBoot {
            dropAgentOrders(of: name, at: now)
            node = nodes[name] ?? node
            startBoot(of: &node, id: report.bootID)
        }
        let base = node.lastSequence
        node.lastSequence = report.sequence
        node.lastReport = now
        node.agentVersion = report.agentVersion
        if !platform.isEmpty { node.platform = platform }
        node.runtime = report.runtime
        node.imageFilesystem = report.imageFilesystem
        node.pullSecretsDigest = report.pullSecretsDigest
        nodes[name] = node
        if hasNewSecrets { retryUnauthorized(node: name, at: now) }
        // The digest is salted by the agent's process.
        if hasNewSecrets, !isNewBoot { noteNewSecrets(node: name, at: now) }

        switch report.inventory {
        case .full(let inventory):
            replaceInventory(of: name, by: inventory.images)
        case .delta(let delta) where node.hasInventory && delta.since <= base && change(inventoryOf: name, by: delta):
            break
        case .delta:
            result.needsFull = true
        case nil:
            // Even a heartbeat tells whether a report was missed: then it stands on an inventory that isn't ours.
            result.needsFull = report.runtime.listed && (!node.hasInventory || report.acknowledged > base)
        }
        // What a later delta would be built on isn't here: nothing is believed until the whole has come.
        if result.needsFull { nodes[name]?.hasInventory = false }
        if report.runtime.listed, nodes[name]?.hasInventory == true, !result.needsFull {
            nodes[name]?.inventoryAt = now.earlier(byMilliseconds: report.inventoryAgeMs)
        }
        let wasReleased = node.releasedAt != nil
        if let released = node.releasedAt, let listed = nodes[name]?.inventoryAt, listed >= released {
            nodes[name]?.releasedAt = nil
        }
        result.attempts = finish(report.attempts, of: name, bootID: report.bootID, at: now)
        result.newFailures = result.attempts.filter {
            $0.id > node.lastAttempt && $0.reason != nil && $0.reason != .cancelled
        }
        nodes[name]?.lastAttempt = max(node.lastAttempt, report.attempts.map(\.id).max() ?? 0)
        noteKnown(name)
        settleEnding(of: name, running: report.running, at: now)
        let settled = settleKubeletPulls(of: name, at: now, using: &random)
        result.transitions = settled.transitions
        result.kubeletAttempts = settled.kubeletAttempts
        let isQuiet =
            report.inventory == nil && report.attempts.isEmpty && !isNewBoot && !hasNewSecrets && !wasReleased
        let generation = nodes[name]?.generation
        if !report.attempts.isEmpty {
            noteMended(report.attempts, node: name, at: now)
            // Whether a success is true shows in the new inventory.
            result.transitions += refreshCells(of: name, at: now)
            for attempt in report.attempts {
                guard let failed = disbelieved(attempt, in: report) else {
                    note(attempt, node: name, at: now, using: &random)
                    continue
                }
                note(failed.attempt, reason: failed.reason, node: name, at: now, using: &random)
                for index in result.attempts.indices where result.attempts[index].id == attempt.id {
                    result.attempts[index].reason = failed.reason ?? FailureClassifier.reason(of: failed.attempt)
                    result.attempts[index].message = failed.attempt.message
                    result.newFailures.append(result.attempts[index])
                }
            }
        }
        adoptRunning(report.running, node: name, platform: platform, at: now)
        // A heartbeat changes no cell.
        if isQuiet, nodes[name]?.generation == generation { return result }
        result.transitions += refreshCells(of: name, at: now)
        return result
    }

    /// The attempts of a report that says nothing else of its node.
    public func attempts(of report: CheckedReport, at now: Timestamp) -> [FinishedAttempt] {
        finish(report.attempts, of: report.node, bootID: report.bootID, at: now)
    }

    /// Another pod's agent tells of the node from its next report on, though its process may have been heard before.
    public mutating func handOver(_ name: String) { nodes[name]?.formerBootID = "" }

    /// A pod's agent has reported, on a node that has several.
    ///
    /// - Returns: whether it hadn't before.
    public mutating func noteAgent(pod: String, on name: String) -> Bool {
        if nodes[name]?.agentPods.contains(pod) == true { return false }
        if nodes[name] == nil { nodes[name] = NodeState(generation: newGeneration(), slot: slots.take(name)) }
        nodes[name]?.agentPods.insert(pod)
        return true
    }

    /// The agent of this image set's pod works on the node: it has the pull secrets of that set alone.
    public mutating func noteAgent(of set: String, on name: String) {
        let own = set == ImageSet.defaultName ? nil : set
        if nodes[name] != nil, nodes[name]?.agentSet != own { nodes[name]?.agentSet = own }
    }

    /// The pod has gone.
    public mutating func forgetAgent(pod: String, on name: String) {
        guard nodes[name]?.agentPods.isEmpty == false else { return }
        nodes[name]?.agentPods.remove(pod)
    }

    /// Notes how long the node's cells are to be believed.
    mutating func noteKnown(_ name: String) {
        guard let node = nodes[name] else { return }
        slots.know(node.slot, until: node.hasInventory ? knownUntil(node) : nil, listedAt: node.inventoryAt)
    }

    private func isOvertaken(_ report: CheckedReport, on node: NodeState, at now: Timestamp) -> Bool {
        if report.bootID == node.bootID { return report.sequence <= node.lastSequence }
        // Two processes can only take turns when the newer one has gone: then the older one is heard again.
        guard report.bootID == node.formerBootID, let last = node.lastReport else { return false }
        return Double(now.milliseconds(since: last)) <= silenceSeconds * 1000
    }

    /// A new process of the agent: nothing that the old one said or was told holds any more, but failures do.
    private mutating func startBoot(of node: inout NodeState, id: String) {
        for index in node.inventory.keys { catalogue.release(index) }
        node.formerBootID = node.bootID
        node.bootID = id
        node.awaitedUntil = nil
        node.lastSequence = 0
        node.lastAttempt = 0
        node.hasInventory = false
        node.inventory = [:]
        node.inventoryAt = nil
        node.generation = newGeneration()
        slots.know(node.slot, until: nil, listedAt: nil)
    }

    private mutating func replaceInventory(of name: String, by images: [WireImage]) {
        guard var node = nodes[name] else { return }
        let old = node.inventory.keys
        node.inventory = [:]
        for image in images { add(image, to: &node) }
        for index in old { catalogue.release(index) }
        node.hasInventory = true
        nodes[name] = node
    }

    /// - Returns: whether the node keeps to what one may have; if not, its inventory stands for nothing.
    private mutating func change(inventoryOf name: String, by delta: WireInventoryDelta) -> Bool {
        guard var node = nodes[name] else { return false }
        var numbers = self.numbers(delta.changed.map(\.id) + delta.removed, on: node)
        for image in delta.changed {
            let new = catalogue.retain(image, isUnpacked: node.runtime.tellsUnpackedSizes)
            let old = numbers.updateValue(new, forKey: ImageCatalogue.Record.normalised(image.id))
            if let old, node.inventory.removeValue(forKey: old) != nil { catalogue.release(old) }
            if node.inventory.updateValue(image.inUse, forKey: new) != nil { catalogue.release(new) }
        }
        for id in delta.removed {
            guard let old = numbers.removeValue(forKey: ImageCatalogue.Record.normalised(id)),
                node.inventory.removeValue(forKey: old) != nil
            else { continue }
            catalogue.release(old)
        }
        nodes[name] = node
        return node.inventory.count <= ReportLimits.images
            && node.inventory.keys.reduce(0, { $0 + catalogue.bytes($1) }) <= ReportLimits.keptBytes
    }

    private mutating func add(_ image: WireImage, to node: inout NodeState) {
        let index = catalogue.retain(image, isUnpacked: node.runtime.tellsUnpackedSizes)
        // The same image named twice counts once, also where its names differ.
        guard !catalogue.otherVariants(of: index).contains(where: { node.inventory[$0] != nil }) else {
            return catalogue.release(index)
        }
        if node.inventory.updateValue(image.inUse, forKey: index) != nil { catalogue.release(index) }
    }

    /// The catalogue's numbers of a node's images, by the runtime's ids, which deltas speak in. A dictionary that is kept
    /// would take more memory than all the rest of a node.
    private func numbers(_ ids: [String], on node: NodeState) -> [String: ImageCatalogue.Index] {
        let ids = Set(ids.map(ImageCatalogue.Record.normalised))
        var numbers: [String: ImageCatalogue.Index] = [:]
        for number in node.inventory.keys {
            if let id = catalogue.record(number)?.id, ids.contains(id) { numbers[id] = number }
        }
        return numbers
    }

    func finish(
        _ attempts: [WireAttempt], of name: String, bootID: String, at now: Timestamp
    ) -> [FinishedAttempt] {
        attempts.map { attempt in
            FinishedAttempt(
                node: name, bootID: bootID, id: attempt.id,
                // Agents get normalised references; history names images as they are written.
                reference: written(attempt.reference) ?? attempt.reference,
                started: now.earlier(byMilliseconds: attempt.startedAgeMs),
                ended: now.earlier(byMilliseconds: attempt.endedAgeMs),
                reason: FailureClassifier.reason(of: attempt), message: attempt.message,
                imageID: ImageCatalogue.Record.normalised(attempt.imageID), bytes: attempt.bytes)
        }
    }

    /// A success that the runtime's list doesn't confirm is a failure, or the image would be pulled over and over
    /// without a pause.
    ///
    /// - Returns: also its reason, where the message isn't to be asked.
    private func disbelieved(
        _ attempt: WireAttempt, in report: CheckedReport
    ) -> (attempt: WireAttempt, reason: FailureReason?)? {
        guard attempt.outcome == .succeeded, let order = nodes[report.node]?.orders[attempt.pullID],
            let column = column(of: order.reference),
            imageID(node: report.node, column: column) == nil
        else { return nil }
        var failed = attempt
        failed.outcome = .failed
        if let misfit = nodes[report.node]?.misfits[column] {
            failed.message = misfit
            return (failed, nil)
        }
        let isListed = report.inventoryAgeMs <= attempt.endedAgeMs
        failed.message =
            "the runtime said that the pull succeeded, but "
            + (isListed ? "doesn't list the image" : "hasn't been able to list its images since")
        return (failed, isListed ? .nodeStorage : nil)
    }

    /// An attempt ends its order, and teaches what it does. One that isn't of an order under way was noted before.
    ///
    /// - Parameter known: the reason of its failure, when the message isn't to be asked.
    mutating func note(
        _ attempt: WireAttempt, reason known: FailureReason? = nil, node name: String, at now: Timestamp,
        using random: inout some RandomNumberGenerator
    ) {
        guard let order = nodes[name]?.orders[attempt.pullID] else { return }
        let reason = known ?? FailureClassifier.reason(of: attempt)
        if attempt.outcome == .succeeded { nodes[name]?.failures[order.reference.normalised] = nil }
        learn(from: attempt, of: attempt.pullID, node: name, reason: reason, at: now, using: &random)
        if attempt.outcome == .succeeded { noteRefreshed(order, node: name, at: now) }
    }

    /// Pulls that an earlier run of the coordinator ordered go on, when they're still wanted; those that aren't end
    /// with the next answer. A node runs no more than one is given: what it names besides would take other nodes' turns.
    private mutating func adoptRunning(
        _ running: [WireRunningPull], node name: String, platform: String, at now: Timestamp
    ) {
        var endingHere = ending.values.count { $0.node == name }
        for pull in running {
            let assigned = now.earlier(byMilliseconds: pull.ageMs)
            if let order = nodes[name]?.orders[pull.pullID] {
                if order.begunAt == nil, ending[pull.pullID] == nil {
                    nodes[name]?.orders[pull.pullID]?.begunAt = assigned
                }
                continue
            }
            // Another node's isn't taken from it.
            guard ending[pull.pullID] == nil, orderNodes[pull.pullID] == nil else { continue }
            // Earlier versions ordered references as they are written.
            if pull.pullID < firstOrderID, let column = columns[pull.reference], let node = nodes[name],
                !node.isPulling(references[column]), node.orders.count < Planner.pullsPerNode
            {
                var order = PullOrder(id: pull.pullID, reference: references[column], assignedAt: assigned)
                order.platform = platform
                order.begunAt = assigned
                order.isRefresh = imageID(node: name, column: column) != nil
                begin(order, node: name, at: now)
            } else if endingHere < Planner.pullsPerNode, let reference = try? ImageReference(pull.reference) {
                endingHere += 1
                let until = assigned + (Double(pullTimeoutSeconds) + silenceSeconds)
                ending[pull.pullID] = EndingPull(node: name, registry: reference.registry, until: until)
                renewAssignment(of: name)
            }
        }
    }
}
