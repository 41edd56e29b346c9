import Cluster
import ImageSets
import Shared

/// One plan's pulls: registries and nodes have so much room, and images take it in the order of the list.
///
/// First come pulls that broke off and go on at once. Then each image is tried on one node of each platform; those that
/// have worked, or got past what a broken reference fails at, go to all nodes in turn, first to nodes that pull nothing
/// else. Refreshes take what is left.
struct PullPlanning {
    let planner: Planner
    /// By slot: the roster's number of the node's platform, -1 for nodes that can't pull now.
    var platforms: [Int]
    /// By column: slots of the nodes that are to have it; those that aren't here are for all.
    var wanting: [Int: BitSet] = [:]
    /// By slot: the roster's number of the node's zone.
    var zones: [Int]
    /// Slots of target nodes whose orders count: others are gone, as far as anybody can tell.
    var counted = BitSet()
    /// Slots in the order of the roster, of nodes that can pull now.
    var order: [Int] = []
    /// By platform: slots of nodes that can pull now.
    var able: [BitSet]
    var idle = BitSet()
    var half = BitSet()
    /// Pulls under way on nodes that can pull, by image and platform.
    var trying: [Trial.Key: Int] = [:]
    /// Images that have got past what a broken reference fails at.
    var passed: Set<Trial.Key> = []
    /// Slots of nodes on which a pull hangs.
    var hanging = BitSet()
    var room: [String: Int] = [:]
    /// Registries whose pulls all hang, and whose cap leaves no room.
    var full: Set<String> = []
    /// What the cap leaves, whatever the window is.
    var spare: [String: Int] = [:]
    var busy: [Int: Int] = [:]
    /// Two entries can name the same image.
    var started: Set<Assignment> = []
    /// Images that an agent is pulling somewhere.
    var agentsTry: Set<String> = []
    var disk: DiskRoom

    struct Assignment: Hashable {
        var slot: Int
        var reference: String
    }

    var fleet: Fleet { planner.fleet }
    var now: Timestamp { planner.now }

    init(_ planner: Planner) {
        self.planner = planner
        let fleet = planner.fleet
        platforms = [Int](repeating: -1, count: fleet.slots.names.count)
        zones = platforms
        able = [BitSet](repeating: BitSet(), count: planner.roster.platforms.count)
        disk = DiskRoom(planner)
        var unheard = 0
        let isYoung = fleet.adoptedAt.map { $0 + fleet.silenceSeconds > planner.now } ?? true
        for member in planner.roster.members {
            guard let slot = fleet.slots.numbers[member.name] else {
                if isYoung { unheard += 1 }
                continue
            }
            let isKnown = fleet.slots.knownUntil[slot] >= planner.now.milliseconds
            if isKnown || member.isReady { counted.insert(slot) }
            guard member.isReady, !member.hasDiskPressure, isKnown else { continue }
            platforms[slot] = member.platform
            zones[slot] = member.zone
            order.append(slot)
            able[member.platform].insert(slot)
        }
        for column in fleet.furtherSetColumns { wanting[column] = BitSet() }
        if !planner.roster.outsiders.isEmpty {
            var own = BitSet()
            for member in planner.roster.members where !planner.roster.outsiders.contains(member.name) {
                if let slot = fleet.slots.numbers[member.name] { own.insert(slot) }
            }
            for column in fleet.entryColumns { wanting[column] = own }
        }
        for (columns, slots) in fleet.furtherGroups {
            for column in columns { wanting[column] = wanting[column]?.union(slots) }
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

    /// The three turns, trials, spreading and refreshes, after what goes on at once.
    mutating func run(_ plan: inout Plan) {
        lookAgain(&plan)
        giveUp(&plan)
        resume(&plan)
        guard room.values.contains(where: { $0 > 0 }), !order.isEmpty else { return }
        // Our own image first, then in the order of the list, so that what is named first is there first.
        let columns = (fleet.agentImageColumn.map { [$0] } ?? []) + Array(0..<fleet.furtherSetColumns.upperBound)
        let ready = tryOut(columns, &plan)
        spread(ready, &plan)
        unlock(&plan)
        refresh(columns, &plan)
    }

    @discardableResult
    mutating func start(
        _ slot: Int, _ column: Int, isRefresh: Bool = false, by chosen: Puller? = nil, _ plan: inout Plan
    ) -> Bool {
        guard let name = fleet.slots.names[slot], busy[slot, default: 0] < Planner.pullsPerNode else { return false }
        let reference = fleet.references[column]
        guard started.insert(Assignment(slot: slot, reference: reference.normalised)).inserted else { return false }
        if let shortage = disk.shortage(node: name, column: column) {
            if !isRefresh { plan.shortages.append(shortage) }
            return false
        }
        let isRemedy =
            !isRefresh && failure(slot, column).map { $0.reason == .nodeStorage && $0.immediate.isDue } ?? false
        // What is to be removed first is an agent's affair, and pulled after that.
        let sets = chosen == nil && !isRemedy ? setsWithSecrets(for: reference, on: name) : []
        let isForSecrets = !sets.isEmpty
        // The pod belongs to a DaemonSet, which has to be there.
        if isForSecrets, planner.applied.isDisjoint(with: sets) { return false }
        let platform = planner.roster.platforms[platforms[slot]]
        let key = reference.normalised
        // Only agents remove. Where they are refused the image, the node's kubelet pulls it then.
        let own =
            isRemedy
            ? .agent : fleet.puller(of: reference, on: name, isAgentTrying: agentsTry.contains(key), now: now)
        let puller = isForSecrets ? .kubelet : chosen ?? own
        if puller == .agent {
            if let until = fleet.nodes[name]?.awaitedUntil, until > now {
                plan.lookAgain(at: until)
                return false
            }
            agentsTry.insert(key)
        }
        disk.take(node: name, column: column)
        plan.pulls.append(
            Plan.Pull(
                node: name, reference: reference, platform: platform, isRefresh: isRefresh,
                removesFirst: isRemedy && puller == .agent, puller: puller, isForSecrets: isForSecrets))
        trying[Trial.Key(reference: reference.normalised, platform: platform), default: 0] += 1
        room[reference.registry, default: 0] -= 1
        spare[reference.registry, default: 0] -= 1
        busy[slot, default: 0] += 1
        idle.remove(slot)
        if busy[slot, default: 0] < Planner.pullsPerNode { half.insert(slot) } else { half.remove(slot) }
        return true
    }

    // MARK: Questions of all turns

    func key(_ column: Int, _ platform: Int) -> Trial.Key {
        Trial.Key(reference: fleet.references[column].normalised, platform: planner.roster.platforms[platform])
    }

    func hasRoom(_ column: Int) -> Bool { room[fleet.references[column].registry, default: 0] > 0 }

    /// Of some nodes, by slot: those that are to have an image.
    func wanting(_ column: Int, among slots: BitSet) -> BitSet { wanting[column].map(slots.intersection) ?? slots }

    /// Slots of nodes that lack an image which they are to have.
    func open(_ column: Int) -> BitSet {
        wanting(column, among: fleet.index.missing[column].union(fleet.index.failed[column]))
    }

    /// Whether a cell lacks its image and may try now.
    func isDue(_ slot: Int, _ column: Int) -> Bool {
        if fleet.index.missing[column].contains(slot) { return true }
        guard fleet.index.failed[column].contains(slot), let node = fleet.slots.names[slot].flatMap({ fleet.nodes[$0] })
        else { return false }
        let reference = fleet.references[column]
        // A probe may be under way.
        return !node.isPulling(reference) && node.failures[reference.normalised].map { $0.nextAttempt <= now } ?? true
    }

    func failure(_ slot: Int, _ column: Int) -> Failure? {
        fleet.slots.names[slot].flatMap { fleet.nodes[$0]?.failures[fleet.references[column].normalised] }
    }
}
