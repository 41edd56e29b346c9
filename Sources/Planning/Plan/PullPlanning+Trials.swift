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
            if !proven.isEmpty { ready.append(Ready(column: column, open: open.intersection(proven))) }
        }
        return ready
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
}
