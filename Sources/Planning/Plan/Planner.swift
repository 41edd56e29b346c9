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

    let configuration: Configuration
    let cluster: ClusterView
    let fleet: Fleet
    let roster: Roster
    let now: Timestamp
    /// The annotation that pods of the present template carry; nil until the DaemonSet is applied.
    let template: String?
    let successor: Successor

    /// Plans for all image sets; those beside `default` are the roster's.
    ///
    /// Nothing is planned for nodes that are unknown, and nothing at all before the cluster has been listed.
    ///
    /// - Parameter roster: of this cluster and configuration; nil: it is made for this plan.
    public static func plan(
        configuration: Configuration, cluster: ClusterView, fleet: Fleet, roster: Roster? = nil, template: String?,
        successor: Successor = Successor(), now: Timestamp
    ) -> Plan {
        guard cluster.isSynced else { return Plan() }
        let planner = Planner(
            configuration: configuration, cluster: cluster, fleet: fleet,
            roster: roster ?? Roster(cluster, scheduling: configuration.scheduling), now: now, template: template,
            successor: successor)
        var plan = Plan()
        plan.template = template
        planner.planCancellations(&plan)
        var pulls = PullPlanning(planner)
        pulls.run(&plan)
        planner.planPullPods(&plan)
        let unheld = UnheldEntries(planner)
        planner.findDamage(unheld, &plan)
        planner.suspectHolds(unheld, &plan)
        planner.planReplacements(&plan)
        planner.planWakes(unheld, &plan)
        planner.noticeSilence(&plan)
        return plan
    }

    /// Whether one of the sets wants it of a node that `default` selects.
    private func isWanted(_ reference: ImageReference, node: String) -> Bool {
        guard fleet.furtherCount > 0, let column = fleet.column(of: reference),
            fleet.furtherSetColumns.contains(column)
        else { return true }
        return fleet.furtherColumns[node]?.contains(column) ?? false
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
            let isTarget = cluster.nodes[node].map(configuration.scheduling.selects) ?? false
            if !isTarget || isOverdue || !isWanted(order.reference, node: node) {
                plan.cancellations.append(Plan.Cancellation(node: node, order: order.id))
            } else {
                plan.lookAgain(at: order.assignedAt + (patience + 0.001))
            }
        }
    }
}
