import Cluster
import ImageSets
import RegistryPacing
import Shared

/// A pull that nobody waits for any more, but that may still run.
struct EndingPull: Sendable, Equatable {
    var node: String
    var registry: String
    /// Its own deadline has passed then.
    var until: Timestamp
    /// It ends with its pod.
    var isKubelets = false
}

extension Fleet {
    /// Carries out what a plan says of pulls and pods.
    ///
    /// - Returns: transitions, and the nodes whose assignment has changed.
    public mutating func carryOut(_ plan: Plan, at now: Timestamp) -> (transitions: [Transition], nodes: Set<String>) {
        settleSilence(at: now)
        keepFurtherGroups()
        var transitions: [Transition] = []
        var changed: Set<String> = []
        for cancellation in plan.cancellations {
            if cancellation.isGivenUp { noteGivenUp(cancellation, at: now) }
            transitions += cancel(order: cancellation.order, node: cancellation.node, at: now)
            changed.insert(cancellation.node)
        }
        for pull in plan.pulls {
            transitions += order(
                pull.reference, node: pull.node, platform: pull.platform, isRefresh: pull.isRefresh,
                removesFirst: pull.removesFirst, by: pull.puller, isForSecrets: pull.isForSecrets, at: now)
            changed.insert(pull.node)
        }
        for pod in plan.pullPods { nodes[pod.node]?.orders[pod.order]?.hasPod = true }
        for shortage in plan.shortages { transitions += refuse(shortage, at: now) }
        for (column, slots) in plan.agreeing { index.agree(slots, column: column) }
        suspectedSince = suspectedSince.filter { plan.suspects.contains($0.key) }
        for pod in plan.suspects where suspectedSince[pod] == nil { suspectedSince[pod] = now }
        transitions += noteRefusals(plan, at: now)
        transitions += noteUnusable(plan.unusable, at: now)
        transitions += noteDamage(plan.damage, at: now)
        for wake in plan.wakes { wakeBook.note(wake, at: now) }
        for set in Set(plan.looks.keys).union(plan.replacements.map(\.set)) {
            var book = rollOut(of: set)
            book.note(plan.looks[set], plan.replacements.filter { $0.set == set }, at: now)
            rollOuts[set] = book
        }
        for replacement in plan.replacements {
            guard let node = nodes[replacement.node] else { continue }
            let moved = node.moved.filter { $0.set == replacement.set }
            nodes[replacement.node]?.replacedBootIDs[replacement.set] = node.bootID
            if replacement.set == node.agentSet ?? ImageSet.defaultName {
                nodes[replacement.node]?.awaitedUntil = now + silenceSeconds
            }
            nodes[replacement.node]?.replacedMoved = moved
            nodes[replacement.node]?.moved.subtract(moved)
            let columns = columns(of: replacement.set)
            let images = (0..<furtherSetColumns.upperBound).map { imageID(node: replacement.node, column: $0) }
            let unheld = unheldImages(columns, of: replacement.node)
            // What it was replaced for before counts as long as it is there.
            nodes[replacement.node]?.replacedFor.formIntersection(images.compactMap { $0 })
            nodes[replacement.node]?.replacedFor.formUnion(unheld)
            experience.repeats.note(
                RepeatBook.Subject(node: replacement.node),
                content: [
                    plan.looks[replacement.set]?.template ?? "",
                    "\(columns.map { imageID(node: replacement.node, column: $0) })",
                ].hashValue, pod: replacement.uid, at: now)
            suspectedSince[replacement.uid] = nil
            if node.moved.count == moved.count { movedNodes.remove(replacement.node) }
        }
        return (transitions, changed)
    }

    /// The pod is still there: why it was to be replaced holds as before.
    public mutating func replacementFailed(_ replacement: Plan.PodReplacement) {
        let name = replacement.node
        rollOuts[replacement.set]?.replacementFailed(on: name)
        guard let moved = nodes[name]?.replacedMoved else { return }
        nodes[name]?.replacedBootIDs[replacement.set] = nil
        nodes[name]?.awaitedUntil = nil
        nodes[name]?.replacedFor = []
        nodes[name]?.moved.formUnion(moved)
        if !moved.isEmpty { movedNodes.insert(name) }
    }

    /// The ids of the node's images, of some columns, that no container uses.
    private func unheldImages(_ columns: [Int], of name: String) -> Set<String> {
        guard let node = nodes[name] else { return [] }
        return Set(
            columns.lazy.filter { $0 < node.cells.count && node.cells[$0] == .present }
                .compactMap { imageID(node: name, column: $0) })
    }

    /// Makes a node pull a reference. Does nothing when the node is unknown or pulls it already.
    public mutating func order(
        _ reference: ImageReference, node name: String, platform: String = "", isRefresh: Bool = false,
        removesFirst: Bool = false, by puller: Puller = .agent, isForSecrets: Bool = false, at now: Timestamp
    ) -> [Transition] {
        guard let node = nodes[name], !node.isPulling(reference) else { return [] }
        var order = PullOrder(id: newOrderID(), reference: reference, assignedAt: now)
        order.platform = platform
        if !platform.isEmpty { nodes[name]?.platform = platform }
        order.isRefresh = isRefresh
        if isRefresh, let column = column(of: reference) {
            order.formerImage = imageID(node: name, column: column)
        }
        order.removesFirst = removesFirst
        order.puller = puller
        order.isForSecrets = isForSecrets
        if puller == .agent {
            (order.withheld, order.shown) = experience.credentials.take(reference.registry, node: name, at: now)
        }
        if node.orders.isEmpty, node.imageFilesystem.capacityBytes > 0 {
            order.freeBytes = node.imageFilesystem.freeBytes
        } else {
            // Two at once can't be told apart.
            for id in node.orders.keys { nodes[name]?.orders[id]?.freeBytes = nil }
        }
        begin(order, node: name, at: now)
        return refreshCells(of: name, at: now)
    }

    /// Takes an order back; the agent cancels the pull.
    public mutating func cancel(order id: UInt64, node name: String, at now: Timestamp) -> [Transition] {
        guard let order = nodes[name]?.orders[id] else { return [] }
        close(id, node: name, .other, at: now)
        let patience = Double(pullTimeoutSeconds) + silenceSeconds
        let isRunning = order.puller == .agent || (order.hasPod && order.endedAt == nil)
        if isRunning, order.assignedAt + patience > now {
            ending[id] = EndingPull(
                node: name, registry: order.reference.registry, until: order.assignedAt + patience,
                isKubelets: order.puller == .kubelet)
        }
        return refreshCells(of: name, at: now)
    }

    /// As if its deadline had passed: other nodes come first.
    private mutating func noteGivenUp(_ cancellation: Plan.Cancellation, at now: Timestamp) {
        guard let order = nodes[cancellation.node]?.orders[cancellation.order] else { return }
        let key = order.reference.normalised
        let former = nodes[cancellation.node]?.failures[key]
        let attempts = (former?.attempts ?? 0) + 1
        nodes[cancellation.node]?.failures[key] = Failure(
            reason: .timeout, message: "the pull didn't end, and was given up for another node's", attempts: attempts,
            since: former?.since ?? order.assignedAt, lastAttempt: now,
            nextAttempt: now + retry.longestDelay(afterFailures: attempts, reason: .timeout), isGivenUp: true)
    }

    mutating func begin(_ order: PullOrder, node name: String, at now: Timestamp) {
        var order = order
        order.reading =
            experience.registries[order.reference.registry, default: RegistryPace()].started(at: order.assignedAt)
        nodes[name]?.orders[order.id] = order
        orderNodes[order.id] = name
        if order.puller == .agent { renewAssignment(of: name) }
    }

    /// An order has ended, one way or another.
    @discardableResult
    mutating func close(
        _ id: UInt64, node name: String, _ outcome: RegistryPace.End.Outcome, at now: Timestamp
    ) -> PullOrder? {
        guard let order = nodes[name]?.orders.removeValue(forKey: id) else { return nil }
        orderNodes[id] = nil
        experience.registries[order.reference.registry]?.ended(
            RegistryPace.End(
                startedAt: order.assignedAt, reading: order.reading, node: name, image: order.reference.normalised,
                outcome: outcome), nodes: nodes.count, at: now)
        if order.puller == .agent { renewAssignment(of: name) }
        return order
    }

    /// The process that pulled has gone; the node's kubelet hasn't.
    mutating func dropAgentOrders(of name: String, at now: Timestamp) {
        for (id, order) in nodes[name]?.orders ?? [:] where order.puller == .agent {
            close(id, node: name, .other, at: now)
        }
        ending = ending.filter { $0.value.node != name || $0.value.isKubelets }
    }

    /// The node has gone.
    mutating func dropOrders(of name: String, at now: Timestamp) {
        for id in Array(nodes[name]?.orders.keys ?? [:].keys) { close(id, node: name, .other, at: now) }
        ending = ending.filter { $0.value.node != name }
    }

    /// Pulls that were taken back have ended when the agent, which has had our answer by then, doesn't name them.
    mutating func settleEnding(of name: String, running: [WireRunningPull], at now: Timestamp) {
        guard !ending.isEmpty else { return }
        let named = Set(running.map(\.pullID))
        ending = ending.filter { id, pull in
            pull.until > now && (pull.node != name || pull.isKubelets || named.contains(id))
        }
    }

    mutating func renewAssignment(of name: String) {
        let generation = newGeneration()
        nodes[name]?.generation = generation
    }

    mutating func newGeneration() -> UInt64 {
        nextGeneration += 1
        return nextGeneration
    }

    mutating func newOrderID() -> UInt64 {
        nextOrderID += 1
        return nextOrderID
    }
}
