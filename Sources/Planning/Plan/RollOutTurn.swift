import Cluster
import ImageSets
import Shared

/// How many more pods may be deleted, of all image sets together.
struct RollOutBudget {
    /// When a template is known to work.
    private(set) var room: Int
    /// How many of these may be on nodes that have lost what they held already.
    private(set) var roomOfLost: Int
    /// No pod is away.
    let isQuiet: Bool
    /// Nodes of which a pod was deleted that may come back any moment, or is deleted now, each with its set.
    private var nodes: [String: String] = [:]
    /// Nodes that have lost what some set's pod held, by a deletion of this run.
    let lost: Set<String>
    private let limit: Int
    private var given = 0

    init(_ turns: [RollOutTurn], limit: Int) {
        let taken = turns.reduce(0) { $0 + $1.places.taken.count }
        lost = turns.reduce(into: []) { $0.formUnion($1.places.surelyLost) }
        let allLost = turns.reduce(into: Set<String>()) { $0.formUnion($1.places.lost) }
        roomOfLost = max(0, limit - taken)
        room = max(0, min(limit - taken, max(limit, RollOutPlaces.mostTries) - allLost.count))
        self.limit = room
        isQuiet = turns.allSatisfy(\.places.isQuiet)
        for turn in turns {
            for node in turn.places.taken { nodes[node] = turn.planner.set }
        }
    }

    /// What is left of ``room``.
    var left: Int { max(0, limit - given) }

    /// Whether another set's pod of the node is on its way: one after the other, so that an agent is there all the while.
    func isTaken(_ node: String, by set: String) -> Bool { nodes[node].map { $0 != set } ?? false }

    mutating func take(_ pod: PodView, isLost: Bool, isUntried: Bool) {
        given += 1
        nodes[pod.node] = pod.set
        roomOfLost = isUntried ? 0 : roomOfLost - 1
        room = isUntried ? 0 : isLost ? min(room, roomOfLost) : room - 1
    }
}

/// One image set's part in a plan of replacements.
struct RollOutTurn {
    let planner: Planner
    let template: String
    let isProven: Bool
    private let hasOutdated: Bool
    /// Whether there may be something to do.
    let isNeeded: Bool
    private var live: [Roster.Member] = []
    private(set) var places = RollOutPlaces()

    /// Nil until the set's DaemonSet is applied.
    init?(_ planner: Planner, _ plan: Plan) {
        guard let template = planner.template else { return nil }
        let (fleet, cluster, set) = (planner.fleet, planner.cluster, planner.set)
        self.planner = planner
        self.template = template
        let hasMoved =
            !plan.suspects.isEmpty || fleet.movedNodes.contains { fleet.nodes[$0]?.moved.isEmpty == false }
        hasOutdated =
            cluster.pods.of(set).contains {
                !$0.isTerminating && ($0.template != template || planner.isIncomplete($0))
            }
            || cluster.unscheduled.values.contains {
                $0.set == set && !$0.isTerminating && $0.template != template
            }
        isProven = Planner.isProven(
            template, of: set, configuration: planner.configuration, cluster: cluster, fleet: fleet, now: planner.now)
        isNeeded =
            hasMoved || hasOutdated || planner.configuration.runtimeSocket == .none || !isProven
            || !fleet.rollOut(of: set).hasLooked
    }

    /// Sees which pods aren't back.
    mutating func look(_ plan: inout Plan) {
        live = planner.members.filter(\.isReady)
        places = RollOutPlaces(planner, nodes: live.map(\.name), template: template, isProven: isProven, &plan)
    }

    func run(_ budget: inout RollOutBudget, _ plan: inout Plan) {
        let (fleet, cluster, configuration) = (planner.fleet, planner.cluster, planner.configuration)
        let (set, successor) = (planner.set, planner.successor)
        if let refusal = successor.refusal {
            // What is deleted wouldn't come back.
            plan.refused.insert(set)
            if hasOutdated {
                plan.rollOuts[set] = Plan.RollOutTrouble(pod: "", node: "", message: refusal, isFinal: true)
            }
            return
        }
        // While the template isn't known to work; a node that has lost what it held already costs no further one.
        var roomOfTrial = isProven ? Int.max : places.roomOfTrial
        if !isProven, let trouble = places.trouble, hasOutdated || trouble.isFinal { plan.rollOuts[set] = trouble }
        let (candidates, broken) = pods(&plan)
        let working = candidates.filter { $0.isWorking(under: configuration) }
        // Where nothing works already, a pod that doesn't work either tells nothing of the template.
        var turn = isProven || working.isEmpty ? candidates : working
        // Other sets' pods that wait for room may take it before the successor comes.
        let waiting = cluster.unscheduled.values.filter { $0.set != set && !$0.isTerminating }
        let others = Dictionary(waiting.map { ($0.node, budget.lost.contains($0.node) ? 0 : 1) }, uniquingKeysWith: +)
        if let most = others.values.max() {
            turn = (0...most).flatMap { count in turn.filter { others[$0.node] ?? 0 == count } }
        }
        var replaced = 0
        // A trial waits for a node that suits it better.
        var bound = Int.max
        for pod in turn where others[pod.node] ?? 0 <= bound {
            // Another set's pod may have no room until this one's successor leaves it.
            let isLost =
                pod.template != template && (places.lost.contains(pod.node) || budget.lost.contains(pod.node))
            guard roomOfTrial > 0, isLost ? budget.roomOfLost > 0 : budget.room > 0 else { continue }
            if budget.isTaken(pod.node, by: set) {
                if !isProven { bound = others[pod.node] ?? 0 }
                continue
            }
            let isUntried = planner.isUntriedImage(on: pod.node)
            if isUntried, !budget.isQuiet { continue }
            // One whose agent doesn't run can't tell whether its node is done.
            if pod.isWorking(under: configuration) || pod.template == template {
                guard planner.isDone(pod.node), pod.template != template || !planner.isNearCollection(pod.node) else {
                    continue
                }
            }
            budget.take(pod, isLost: isLost, isUntried: isUntried)
            roomOfTrial -= 1
            replaced += 1
            plan.replacements.append(Plan.PodReplacement(pod))
        }
        // A pod that holds nothing may work as the new template has it. What we deleted comes back first; what was broken
        // before comes last, so that another run can tell it from what this one broke.
        let isLull = candidates.isEmpty || isProven && budget.room > 0 && replaced == 0
        let free =
            broken + cluster.unscheduled.values.filter { $0.set == set && !$0.isTerminating && $0.template != template }
        let book = fleet.rollOut(of: set)
        for pod in free where isLull || book.entries[pod.node]?.isLost == true {
            plan.replacements.append(Plan.PodReplacement(pod, isFree: true))
        }
    }

    /// The pods that are to be made anew: those that hold something or work, and those that do neither. One that can become a pod
    /// of the present template as it runs does.
    private func pods(_ plan: inout Plan) -> (candidates: [PodView], free: [PodView]) {
        let (cluster, configuration, set) = (planner.cluster, planner.configuration, planner.set)
        let successor = planner.successor
        let images = hasOutdated && successor.frame != nil ? configuration.images : []
        let listed = Dictionary(images.map { ($0.container, $0.reference.normalised) }) { first, _ in first }
        var candidates: [PodView] = []
        var free: [PodView] = []
        for node in live where !node.hasDiskPressure {
            for pod in cluster.pods.living(on: node.name, of: set) {
                let isOutdated = pod.template != template || planner.isIncomplete(pod)
                if isOutdated, planner.isAdoptable(pod, listed: listed) {
                    plan.adoptions.append(
                        Plan.PodAdoption(set: set, pod: pod.name, uid: pod.uid, node: pod.node, template: template))
                    continue
                }
                guard isOutdated || isProven && planner.holdsFormer(pod, plan) else { continue }
                let isRestricted = configuration.runtimeSocket == .none
                if isOutdated, pod.held.isEmpty, isRestricted || !pod.isWorking(under: configuration) {
                    free.append(pod)
                } else if !isOutdated || cluster.nodes[node.name].map(successor.fits) ?? true {
                    candidates.append(pod)
                }
            }
        }
        return (candidates, free)
    }
}
