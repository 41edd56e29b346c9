import Shared

/// One plan's pulls: registries and nodes have so much room, and images take it in the order of the list.
///
/// First each image is tried on one node of each platform. Those that have worked go to all nodes in turn, first to
/// nodes that pull nothing else. Refreshes take what is left.
struct PullPlanning {
    let planner: Planner
    /// By slot: the roster's number of the node's platform, -1 for nodes that can't pull now.
    private var platforms: [Int]
    /// Slots in the order of the roster, of nodes that can pull now.
    private var order: [Int] = []
    /// By platform: slots of nodes that can pull now.
    private var able: [BitSet]
    private var idle = BitSet()
    private var half = BitSet()
    /// Pulls under way, by image and platform.
    private var trying: [Trial.Key: Int] = [:]
    private var room: [String: Int] = [:]
    private var busy: [Int: Int] = [:]
    /// Two entries can name the same image.
    private var started: Set<Assignment> = []
    /// Images that an agent is pulling somewhere.
    private var agentsTry: Set<String> = []
    private var disk: DiskRoom

    private struct Assignment: Hashable {
        var slot: Int
        var reference: String
    }

    var fleet: Fleet { planner.fleet }
    var now: Timestamp { planner.now }

    init(_ planner: Planner) {
        self.planner = planner
        let fleet = planner.fleet
        platforms = [Int](repeating: -1, count: fleet.slots.names.count)
        able = [BitSet](repeating: BitSet(), count: planner.roster.platforms.count)
        disk = DiskRoom(planner)
        var unheard = 0
        let isYoung = fleet.adoptedAt.map { $0 + fleet.silenceSeconds > planner.now } ?? true
        for member in planner.roster.members {
            guard let slot = fleet.slots.numbers[member.name] else {
                if isYoung { unheard += 1 }
                continue
            }
            guard member.isReady, !member.hasDiskPressure, fleet.slots.knownUntil[slot] >= planner.now.milliseconds
            else { continue }
            platforms[slot] = member.platform
            order.append(slot)
            able[member.platform].insert(slot)
        }
        countRunning(unheard: unheard > 0 ? unheardPulls() : 0)
        for slot in order {
            switch busy[slot, default: 0] {
            case 0: idle.insert(slot)
            case 1..<Planner.pullsPerNode: half.insert(slot)
            default: break
            }
        }
    }

    /// Pulls that nodes may be running that an earlier run of the coordinator told so, and that haven't been heard yet.
    private func unheardPulls() -> Int {
        planner.cluster.pods.values.count { pod in
            fleet.nodes[pod.node] == nil && !pod.isTerminating && pod.isWorking(under: planner.configuration)
        } * Planner.pullsPerNode
    }

    private mutating func countRunning(unheard: Int) {
        var running: [String: Int] = [:]
        for (node, order) in fleet.orders {
            running[order.reference.registry, default: 0] += 1
            trying[order.trial, default: 0] += 1
            if order.puller == .agent { agentsTry.insert(order.reference.normalised) }
            if let slot = fleet.slots.numbers[node] { busy[slot, default: 0] += 1 }
        }
        var ending: [String: Int] = [:]
        for pull in fleet.ending.values where pull.until > now {
            ending[pull.registry, default: 0] += 1
            if let slot = fleet.slots.numbers[pull.node] { busy[slot, default: 0] += 1 }
        }
        for reference in fleet.references where room[reference.registry] == nil {
            let registry = reference.registry
            let ordered = running[registry] ?? 0
            let cap = planner.configuration.pullMaxParallel - ordered - (ending[registry] ?? 0) - unheard
            room[registry] = max(0, min(cap, window(of: registry) - ordered))
        }
    }

    /// What the registry's pace and circuit allow at once.
    private func window(of registry: String) -> Int {
        guard let pace = fleet.experience.registries[registry] else { return Int(RegistryPace.first) }
        if let until = pace.pausedUntil, until > now { return 0 }
        guard pace.circuit.isOpen else { return Int(pace.window) }
        // Pulls from before the outage may hang for long; one that was started since is the probe.
        guard let opened = pace.circuit.openedAt, let next = pace.circuit.nextProbe, next <= now else { return 0 }
        let old = fleet.orders.count { $0.order.reference.registry == registry && $0.order.assignedAt < opened }
        return old + 1
    }

    // MARK: In turn

    mutating func run(_ plan: inout Plan) {
        lookAgain(&plan)
        guard room.values.contains(where: { $0 > 0 }), !order.isEmpty else { return }
        // Our own image first, then in the order of the list, so that what is named first is there first.
        let columns = (fleet.agentImageColumn.map { [$0] } ?? []) + Array(fleet.entryColumns)
        var ready: [(column: Int, open: BitSet)] = []
        for column in columns {
            let open = fleet.index.missing[column].union(fleet.index.failed[column])
            guard !open.isEmpty else { continue }
            var proven = BitSet()
            for platform in able.indices where able[platform].intersects(open) {
                if isProven(column, platform) {
                    proven = proven.union(able[platform])
                } else {
                    tryOut(column, platform, &plan)
                }
            }
            if !proven.isEmpty { ready.append((column, open.intersection(proven))) }
        }
        for entry in ready { spread(entry.column, over: entry.open.intersection(idle), &plan) }
        for entry in ready { spread(entry.column, over: entry.open.intersection(half), &plan) }
        refresh(columns, &plan)
    }

    private mutating func spread(_ column: Int, over slots: BitSet, _ plan: inout Plan) {
        guard hasRoom(column), !slots.isEmpty else { return }
        for slot in order where slots.contains(slot) {
            guard hasRoom(column) else { return }
            if isDue(slot, column) { start(slot, column, &plan) }
        }
    }

    private func hasRoom(_ column: Int) -> Bool { room[fleet.references[column].registry, default: 0] > 0 }

    /// Whether a cell lacks its image and may try now.
    private func isDue(_ slot: Int, _ column: Int) -> Bool {
        if fleet.index.missing[column].contains(slot) { return true }
        guard fleet.index.failed[column].contains(slot) else { return false }
        guard let failure = failure(slot, column) else { return true }
        return failure.nextAttempt <= now
    }

    private func failure(_ slot: Int, _ column: Int) -> Failure? {
        fleet.slots.names[slot].flatMap { fleet.nodes[$0]?.failures[fleet.references[column].normalised] }
    }

    @discardableResult
    private mutating func start(
        _ slot: Int, _ column: Int, isRefresh: Bool = false, by chosen: Puller? = nil, _ plan: inout Plan
    ) -> Bool {
        guard let name = fleet.slots.names[slot], busy[slot, default: 0] < Planner.pullsPerNode else { return false }
        let reference = fleet.references[column]
        guard started.insert(Assignment(slot: slot, reference: reference.normalised)).inserted else { return false }
        if let shortage = disk.shortage(node: name, column: column) {
            if !isRefresh { plan.shortages.append(shortage) }
            return false
        }
        disk.take(node: name, column: column)
        let platform = planner.roster.platforms[platforms[slot]]
        let key = reference.normalised
        let puller =
            chosen ?? fleet.puller(of: reference, on: name, isAgentTrying: agentsTry.contains(key), now: now)
        if puller == .agent { agentsTry.insert(key) }
        plan.pulls.append(
            Plan.Pull(node: name, reference: reference, platform: platform, isRefresh: isRefresh, puller: puller))
        trying[Trial.Key(reference: reference.normalised, platform: platform), default: 0] += 1
        room[reference.registry, default: 0] -= 1
        busy[slot, default: 0] += 1
        idle.remove(slot)
        if busy[slot, default: 0] < Planner.pullsPerNode { half.insert(slot) } else { half.remove(slot) }
        return true
    }

    // MARK: Trials

    private func key(_ column: Int, _ platform: Int) -> Trial.Key {
        Trial.Key(reference: fleet.references[column].normalised, platform: planner.roster.platforms[platform])
    }

    /// Whether the image has worked on the platform. After a restart of the coordinator the nodes that have it say so.
    private func isProven(_ column: Int, _ platform: Int) -> Bool {
        if let trial = fleet.experience.trials[key(column, platform)] { return trial.isProven }
        return fleet.index.present[column].intersects(able[platform])
    }

    /// One node tries.
    private mutating func tryOut(_ column: Int, _ platform: Int, _ plan: inout Plan) {
        let key = key(column, platform)
        guard hasRoom(column), trying[key, default: 0] == 0 else { return }
        let trial = fleet.experience.trials[key]
        if let slot = refusedSlot(trial, column, platform), start(slot, column, by: .kubelet, &plan) { return }
        // While a circuit is open its probes set the pace, not the wait of the image that happens to be probed.
        let isProbe =
            trial?.node == nil && fleet.experience.registries[fleet.references[column].registry]?.circuit.isOpen == true
        guard isProbe || trial?.nextAttempt.map({ $0 <= now }) ?? true else { return }
        let missing = fleet.index.missing[column].intersection(able[platform])
        let failed = fleet.index.failed[column].intersection(able[platform])
        if let slot = trial?.node.flatMap({ fleet.slots.numbers[$0] }), missing.contains(slot) || failed.contains(slot)
        {
            if isDue(slot, column) { start(slot, column, &plan) }
            return
        }
        for pool in [missing.intersection(idle), missing.intersection(half), failed.intersection(idle.union(half))] {
            for slot in order where pool.contains(slot) && isDue(slot, column) {
                if start(slot, column, &plan) { return }
            }
        }
    }

    /// The node whose agent was refused, when its kubelet may show whether it has credentials of its own.
    ///
    /// An agent whose turn it is goes first, and they take turns: its secrets may do by now.
    private func refusedSlot(_ trial: Trial?, _ column: Int, _ platform: Int) -> Int? {
        guard trial?.reason == .unauthorized, let slot = trial?.node.flatMap({ fleet.slots.numbers[$0] }),
            able[platform].contains(slot), fleet.index.failed[column].contains(slot),
            let failure = failure(slot, column), failure.reason == .unauthorized, failure.puller == .agent,
            failure.nextAttempt > now, fleet.mayTryKubelet(fleet.references[column], now: now)
        else { return nil }
        return slot
    }

    // MARK: Refreshes

    /// An image whose tag is to be asked for, or whose new meaning is to be brought to nodes.
    private struct Turn {
        /// Since when.
        var since: Timestamp
        var column: Int
        var platform: Int
        /// Nil: it is time to ask.
        var imageID: String?
    }

    /// Asks for tags again when it's time, each on one node; where it moved, the others follow.
    ///
    /// Who waits longest comes first: in the order of the list the last ones would never have their turn at a registry
    /// that is given little at once.
    private mutating func refresh(_ columns: [Int], _ plan: inout Plan) {
        var turns: [Turn] = []
        for column in columns where fleet.references[column].isMutable && hasRoom(column) {
            for platform in able.indices where fleet.index.present[column].intersects(able[platform]) {
                let key = key(column, platform)
                let refresh = fleet.experience.refreshes[key]
                let nextCheck = refresh?.nextCheck ?? fleet.firstCheck(of: key, now: now)
                if nextCheck <= now {
                    turns.append(Turn(since: nextCheck, column: column, platform: platform))
                } else if let imageID = refresh?.imageID {
                    turns.append(
                        Turn(
                            since: refresh?.meantSince ?? now, column: column, platform: platform, imageID: imageID))
                }
            }
        }
        turns.sort { ($0.since, $0.column, $0.platform) < ($1.since, $1.column, $1.platform) }
        for turn in turns {
            let present = fleet.index.present[turn.column].intersection(able[turn.platform])
            let key = key(turn.column, turn.platform)
            let refresh = fleet.experience.refreshes[key]
            if let imageID = turn.imageID {
                follow(turn.column, to: imageID, present, refresh, &plan)
            } else if hasRoom(turn.column), trying[key, default: 0] == 0 {
                let pool = present.intersection(idle)
                for slot in order where pool.contains(slot) && isDue(refresh, slot) {
                    if start(slot, turn.column, isRefresh: true, &plan) { break }
                }
            }
        }
    }

    /// Which nodes have the image already is found out once, and remembered until it changes.
    private mutating func follow(
        _ column: Int, to imageID: String, _ present: BitSet, _ refresh: Refresh?, _ plan: inout Plan
    ) {
        let pool = present.intersection(idle.union(half)).subtracting(fleet.index.agreeing[column])
        guard !pool.isEmpty else { return }
        for slot in order where pool.contains(slot) {
            guard hasRoom(column) else { return }
            guard let name = fleet.slots.names[slot], let node = fleet.nodes[name] else { continue }
            if fleet.imageID(node: name, column: column) == imageID {
                plan.agreeing[column, default: BitSet()].insert(slot)
            } else if !node.isPulling(fleet.references[column]), isDue(refresh, slot) {
                start(slot, column, isRefresh: true, &plan)
            }
        }
    }

    private func isDue(_ refresh: Refresh?, _ slot: Int) -> Bool {
        guard let name = fleet.slots.names[slot] else { return false }
        return refresh?.waits[name].map { $0 <= now } ?? true
    }

    // MARK: Looking again

    /// When cells, trials, circuits and refreshes are due that aren't now.
    private func lookAgain(_ plan: inout Plan) {
        var soonest = Int64.max
        func consider(_ moment: Timestamp?) {
            guard let moment, moment > now else { return }
            soonest = min(soonest, moment.milliseconds)
        }
        for pace in fleet.experience.registries.values {
            consider(pace.pausedUntil)
            consider(pace.circuit.nextProbe)
        }
        for trial in fleet.experience.trials.values { consider(trial.nextAttempt) }
        for refresh in fleet.experience.refreshes.values {
            consider(refresh.nextCheck)
            for wait in refresh.waits.values { consider(wait) }
        }
        for column in fleet.references.indices {
            fleet.index.failed[column].forEach { slot in consider(failure(slot, column)?.nextAttempt) }
            guard fleet.references[column].isMutable else { continue }
            for platform in able.indices where fleet.index.present[column].intersects(able[platform]) {
                let key = key(column, platform)
                if fleet.experience.refreshes[key] == nil { consider(fleet.firstCheck(of: key, now: now)) }
            }
        }
        for pull in fleet.ending.values { consider(pull.until) }
        for pull in fleet.experience.kubeletPulls.values where !pull.isProven { consider(pull.nextTry) }
        if let adopted = fleet.adoptedAt { consider(adopted + fleet.silenceSeconds) }
        if soonest < Int64.max { plan.lookAgain(at: Timestamp(milliseconds: soonest)) }
    }
}
