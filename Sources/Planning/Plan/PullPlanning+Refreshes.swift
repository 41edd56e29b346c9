import Cluster
import Shared

/// The third turn: tags are asked for again when it's time, and where one moved the nodes follow.
extension PullPlanning {
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
    mutating func refresh(_ columns: [Int], _ plan: inout Plan) {
        var turns: [Turn] = []
        for column in columns where fleet.references[column].isMutable && hasRoom(column) {
            let present = wanting(column, among: fleet.index.present[column])
            for platform in able.indices where present.intersects(able[platform]) {
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
            let present = wanting(turn.column, among: fleet.index.present[turn.column])
                .intersection(able[turn.platform])
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
}
