import Cluster
import ImageSets
import Planning
import Shared
import Supervision

/// Which nodes have an image, and on which pulls of it fail: by their agents, or in restricted mode by the pods of the list
/// in force.
struct PlanWitness {
    private let snapshot: Snapshot
    private let holders: Set<String>
    /// The containers that are to hold this image. Nil: agents tell.
    private let places: [HoldingPlace]?
    /// The fleet's; nil when no image set lists the image.
    private let column: Int?

    init(_ snapshot: Snapshot, _ reference: ImageReference, holders: Set<String>) {
        self.snapshot = snapshot
        self.holders = holders
        column = snapshot.fleet.column(of: reference)
        guard snapshot.configuration.runtimeSocket == .none else {
            places = nil
            return
        }
        let held =
            [(ImageSet.defaultName, snapshot.configuration)]
            + snapshot.sets.compactMap { set in set.configuration.map { (set.name, $0) } }
        places = held.flatMap { set, configuration in
            configuration.images.lazy.filter { $0.reference.normalised == reference.normalised }.map {
                HoldingPlace(set: set, container: $0.container)
            }
        }
    }

    /// Why the image can't be pulled to a node at present, by the node's own attempts or by those of the node that it
    /// waits for; nil: nothing is known against it.
    func failure(_ node: NodeView) -> FailureReason? {
        guard let places else {
            return column.flatMap { column in
                snapshot.fleet.failure(node: node.name, column: column)?.reason
                    ?? snapshot.fleet.reasonHeldBack(column: column, platform: node.platform)
            }
        }
        return snapshot.cluster.pods.living(on: node.name).presence(of: places)?.reason
    }

    /// Nil: nobody knows.
    func has(_ node: NodeView) -> Bool? {
        guard let places else {
            let isKnown = snapshot.fleet.nodes[node.name].map { snapshot.fleet.isKnown($0, now: snapshot.now) } ?? false
            return isKnown ? holders.contains(node.name) : nil
        }
        let pods = node.isReady ? snapshot.cluster.pods.living(on: node.name) : []
        let own = pods.filter { !$0.containers.isEmpty }
        guard !own.isEmpty else { return nil }
        // Of an image that isn't listed pods say nothing: a kubelet would look, and mostly pull.
        return own.presence(of: places)?.state.isPresent ?? false
    }
}
