import Cluster
import PlannedCluster
import Shared

@testable import Planning

/// Nothing loops: a pod is replaced for an image at most once for one content, and a tag that means what it meant is asked
/// for on a node no more than three times in an interval.
///
/// Another run of the coordinator has no memory of that, and may do it once more.
struct Loops {
    /// By node and set: the images for which its pod was replaced, as long as a reference means them there.
    private var replacedFor: [String: Set<String>] = [:]
    private var refreshes: [String: (imageID: String?, times: [Timestamp])] = [:]

    /// Somebody asked by hand.
    mutating func forgetRefreshes() { refreshes = [:] }

    mutating func violation(in cluster: PlannedCluster) -> String? {
        for (place, images) in replacedFor {
            let node = String(place.prefix { $0 != " " })
            guard cluster.fleet.nodes[node]?.hasInventory == true else { continue }
            let present = (0..<cluster.fleet.furtherSetColumns.upperBound).compactMap {
                cluster.fleet.imageID(node: node, column: $0)
            }
            replacedFor[place] = images.intersection(present)
        }
        for replacement in cluster.newReplacements where replacement.isOfTemplate {
            let node = replacement.plan.node
            // What another set's pod holds already this one is to hold, too.
            let isShared = cluster.cluster.pods.on(node).contains { $0.set != replacement.plan.set }
            let images = zip(cluster.fleet.columns(of: replacement.plan.set), replacement.states).filter {
                $0.1 == .present || isShared && $0.1 == .held
            }.compactMap { cluster.fleet.imageID(node: node, column: $0.0) }
            if images.isEmpty { return "the pod on \(node) was replaced to hold nothing" }
            let place = "\(node) \(replacement.plan.set)"
            if replacedFor[place, default: []].isSuperset(of: images) {
                return "the pod on \(node) was replaced again for \(images)"
            }
            replacedFor[place, default: []].formUnion(images)
        }
        for order in cluster.newOrders where order.pull.isRefresh {
            if let complaint = refresh(order, in: cluster) { return complaint }
        }
        return nil
    }

    private mutating func refresh(_ order: PlannedCluster.Order, in cluster: PlannedCluster) -> String? {
        let (node, reference) = (order.pull.node, order.pull.reference.normalised)
        guard let column = cluster.fleet.references.firstIndex(where: { $0.normalised == reference }) else {
            return nil
        }
        let trial = Trial.Key(reference: reference, platform: order.pull.platform)
        let known = cluster.fleet.experience.refreshes[trial]
        // What failed is tried again.
        guard known?.failures ?? 0 == 0, known?.immediate[node] == nil else { return nil }
        let key = "\(node) \(reference)"
        let imageID = cluster.fleet.imageID(node: node, column: column)
        let interval = cluster.fleet.cachingIntervalSeconds
        var former = refreshes[key] ?? (imageID, [])
        if former.imageID != imageID { former = (imageID, []) }
        former.times = former.times.filter { $0 + interval > order.at && $0 <= order.at } + [order.at]
        refreshes[key] = former
        return former.times.count > 3
            ? "\(node) asked for \(reference) \(former.times.count) times in \(interval) s, and it didn't change" : nil
    }
}
