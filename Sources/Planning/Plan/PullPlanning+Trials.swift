import Cluster
import RegistryPacing
import Shared

/// The first turn: an image is tried on one node of each platform before it goes to all.
extension PullPlanning {
    /// An image that has worked on some platform, and the nodes of such platforms that lack it.
    struct Ready {
        var column: Int
        var open: BitSet
    }

    /// Starts the trials that are due.
    ///
    /// - Returns: the images that need none.
    mutating func tryOut(_ columns: [Int], _ plan: inout Plan) -> [Ready] {
        var ready: [Ready] = []
        for column in columns {
            let open = open(column)
            guard !open.isEmpty else { continue }
            var proven = BitSet()
            for platform in able.indices where able[platform].intersects(open) {
                if isProven(column, platform) {
                    proven = proven.union(able[platform])
                } else {
                    tryOut(column, platform, &plan)
                }
            }
            if !proven.isEmpty { ready.append(Ready(column: column, open: open.intersection(proven))) }
        }
        return ready
    }

    /// Whether the image has worked on the platform, or is about to. After a restart of the coordinator the nodes that have
    /// it say so.
    private func isProven(_ column: Int, _ platform: Int) -> Bool {
        let key = key(column, platform)
        if passed.contains(key) { return true }
        if let trial = fleet.experience.trials[key] { return trial.isProven }
        return fleet.index.present[column].intersects(able[platform])
    }

    /// One node tries: another one than has failed already, and at once, while the failures may be those nodes' own;
    /// where two agree, they take turns.
    private mutating func tryOut(_ column: Int, _ platform: Int, _ plan: inout Plan) {
        let key = key(column, platform)
        guard hasRoom(column), trying[key, default: 0] == 0 else { return }
        let trial = fleet.experience.trials[key] ?? Trial()
        let open = open(column).intersection(able[platform])
        if let slot = trial.appointed.flatMap({ fleet.slots.numbers[$0] }), open.contains(slot), isDue(slot, column),
            start(slot, column, &plan)
        {
            return
        }
        let asked = slots(of: trial.witnesses)
        let fresh = open.subtracting(asked)
        let isHeldBack = trial.verdict != nil && !fleet.isElsewhere(key)
        if trial.verdict != nil || fresh.isEmpty, let slot = refusedSlot(trial, column, open.intersection(asked)),
            start(slot, column, by: .kubelet, &plan)
        {
            return
        }
        let agreeing = slots(of: trial.agreeing)
        if isHeldBack, open.intersects(agreeing) {
            guard trial.nextQuestion.map({ $0 <= now }) ?? true else { return }
            if trial.nextNewcomer.map({ $0 <= now }) ?? true {
                if choose(fresh, column, &plan) || choose(open.subtracting(agreeing), column, &plan) { return }
            }
            choose(agreeing.intersection(open), column, &plan)
            return
        }
        // While a circuit is open its probes set the pace, not the wait of the image that happens to be probed.
        let isProbe = fleet.experience.registries[fleet.references[column].registry]?.circuit.isOpen == true
        guard isProbe || trial.nextAttempt.map({ $0 <= now }) ?? true else { return }
        if choose(elsewhere(than: asked, fresh), column, &plan) || choose(fresh, column, &plan) { return }
        choose(asked.intersection(open), column, &plan)
    }

    private func slots(of witnesses: [Trial.Witness]) -> BitSet {
        var slots = BitSet()
        for witness in witnesses { fleet.slots.numbers[witness.node].map { slots.insert($0) } }
        return slots
    }

    /// Those in other zones than all that have failed.
    private func elsewhere(than asked: BitSet, _ fresh: BitSet) -> BitSet {
        var taken: Set<Int> = []
        asked.forEach { taken.insert(zones[$0]) }
        var result = BitSet()
        if !taken.isEmpty { fresh.forEach { slot in if !taken.contains(zones[slot]) { result.insert(slot) } } }
        return result
    }

    /// Starts a pull on the first of these nodes that can; on one that fails at everything, or on which a pull hangs, only
    /// when there's no other.
    @discardableResult
    private mutating func choose(_ slots: BitSet, _ column: Int, _ plan: inout Plan) -> Bool {
        guard !slots.isEmpty else { return false }
        let registry = fleet.references[column].registry
        var sick = hanging
        for node in fleet.experience.records.keys where fleet.experience.failsAlone(node, registry) {
            fleet.slots.numbers[node].map { sick.insert($0) }
        }
        let missing = fleet.index.missing[column].intersection(slots)
        let failed = fleet.index.failed[column].intersection(slots)
        let pools = [missing.intersection(idle), missing.intersection(half), failed.intersection(idle.union(half))]
        for pool in pools.map({ $0.subtracting(sick) }) + pools.map({ $0.intersection(sick) }) {
            guard !pool.isEmpty else { continue }
            for slot in order where pool.contains(slot) && isDue(slot, column) {
                if start(slot, column, &plan) { return true }
            }
        }
        return false
    }

    /// The node whose agent was refused, when its kubelet may show whether it has credentials of its own.
    ///
    /// An agent whose turn it is goes first, and they take turns: its secrets may do by now.
    private func refusedSlot(_ trial: Trial, _ column: Int, _ asked: BitSet) -> Int? {
        guard trial.isRefused, fleet.mayTryKubelet(fleet.references[column], now: now) else { return nil }
        for witness in trial.witnesses.reversed() {
            guard let slot = fleet.slots.numbers[witness.node], asked.contains(slot),
                fleet.index.failed[column].contains(slot), let failure = failure(slot, column),
                failure.isRefused, failure.puller == .agent, failure.nextAttempt > now
            else { continue }
            return slot
        }
        return nil
    }
}
