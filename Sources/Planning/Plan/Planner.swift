import Cluster
import ImageSets
import Shared

/// Decides what each node pulls and which pods are replaced: a pure function of what is known.
///
/// What is known includes what earlier attempts taught (``Experience``, in the fleet). Carrying a plan out is an event
/// (``Fleet/carryOut(_:at:)``), and so is every report.
public struct Planner: Sendable {
    /// Pulls that a node runs at once. Two keep its network busy while one of them unpacks. So it is with containerd 2, too,
    /// whose pulls share three downloads: two images of one layer took 0.53 of the time that they took one after the other, of
    /// four layers 0.76, of six 0.92 (containerd 1.6: 0.54, 0.64, 0.71; measured).
    public static let pullsPerNode = 2

    /// The image set whose pods are looked at, and the columns of its entries, in their order.
    var set = ImageSet.defaultName
    var columns: [Int]
    /// That set's; in all that concerns the cluster it is the same for all.
    var configuration: Configuration
    let cluster: ClusterView
    let fleet: Fleet
    let roster: Roster
    let now: Timestamp
    /// The annotation that pods of the present template carry; nil until the DaemonSet is applied.
    var template: String?
    var successor: Successor
    /// The sets whose DaemonSets are there.
    var applied: Set<String> = []

    /// Plans for all image sets; what those beside `default` want is the roster's word.
    ///
    /// Nothing is planned for nodes that are unknown, and nothing at all before the cluster has been listed.
    ///
    /// - Parameters:
    ///   - roster: of this cluster and configuration; nil: it is made for this plan.
    ///   - further: the sets beside `default` that are held, the oldest first.
    public static func plan(
        configuration: Configuration, cluster: ClusterView, fleet: Fleet, roster: Roster? = nil, template: String?,
        successor: Successor = Successor(), further: [HeldSet] = [], now: Timestamp
    ) -> Plan {
        guard cluster.isSynced else { return Plan() }
        // The configuration may be ahead of the fleet.
        var planner = Planner(
            columns: Array(fleet.entryColumns.prefix(configuration.images.count)), configuration: configuration,
            cluster: cluster, fleet: fleet,
            roster: roster ?? Roster(cluster, scheduling: configuration.scheduling), now: now, template: template,
            successor: successor)
        planner.applied = Set(further.lazy.filter { $0.template != nil }.map(\.name))
        if template != nil { planner.applied.insert(ImageSet.defaultName) }
        var plan = Plan()
        planner.planCancellations(&plan)
        var pulls = PullPlanning(planner)
        pulls.run(&plan)
        planner.planPullPods(&plan)
        let held = ([planner] + further.map(planner.turned)).map { ($0, UnheldEntries($0)) }
        for (planner, unheld) in held { planner.findDamage(unheld, &plan) }
        for (planner, unheld) in held { planner.suspectHolds(unheld, &plan) }
        planner.planReplacements(held.map(\.0), &plan)
        // An agent goes with its pod, and what it pulls is lost.
        let replaced = Set(plan.replacements.lazy.map(\.node))
        plan.pulls.removeAll { $0.puller == .agent && replaced.contains($0.node) }
        planWakes(held, &plan)
        planner.noticeSilence(&plan)
        return plan
    }

    /// The same, looking at another set's pods.
    private func turned(to set: HeldSet) -> Planner {
        var planner = self
        planner.set = set.name
        planner.columns = Array(fleet.columns(of: set.name).prefix(set.configuration.images.count))
        planner.configuration = set.configuration
        planner.template = set.template
        planner.successor = set.successor
        return planner
    }

    /// The nodes that the set selects.
    var members: [Roster.Member] {
        if set != ImageSet.defaultName {
            let names = roster.nodes(of: set)
            return roster.members.filter { names.contains($0.name) }
        }
        return roster.outsiders.isEmpty
            ? roster.members : roster.members.filter { !roster.outsiders.contains($0.name) }
    }

    /// Silence is noticed when it begins, not when something else happens.
    private func noticeSilence(_ plan: inout Plan) {
        var soonest = Int64.max
        for until in fleet.slots.knownUntil where until >= now.milliseconds && until < soonest { soonest = until }
        if soonest < Int64.max { plan.lookAgain(at: Timestamp(milliseconds: soonest + 1)) }
    }

    /// Orders to nodes that left or are no targets any more, and those that have outlived their deadline on a silent
    /// node: both would count against the registry for ever.
    private func planCancellations(_ plan: inout Plan) {
        let patience = Double(configuration.pullTimeoutSeconds) + fleet.silenceSeconds
        for (node, order) in fleet.orders {
            let isOverdue = order.assignedAt + patience < now
            let isTarget =
                roster.outsiders.contains(node) || cluster.nodes[node].map(configuration.scheduling.selects) ?? false
            let isWanted = fleet.column(of: order.reference).map { fleet.isWanted($0, of: node) } ?? true
            if !isTarget || isOverdue || !isWanted {
                plan.cancellations.append(Plan.Cancellation(node: node, order: order.id))
            } else {
                plan.lookAgain(at: order.assignedAt + (patience + 0.001))
            }
        }
    }
}
