import Cluster
import Failures
import ImageSets
import Shared

/// An image that a node's runtime lists, and of which no container can be made, because not all of its content is there: a
/// collection took layers, or the node stopped in the middle of a pull.
struct Damage: Sendable, Equatable {
    var imageID: String
    var message: String
    /// It was pulled again; nil: not yet. Whether that has mended it, the kubelet's next try tells.
    var mendedAt: Timestamp?

    /// Seconds: a kubelet tries again within this.
    static let patience = 120.0
}

/// An image that a container uses, and of which no other can be made.
public struct UnusableImage: Sendable, Equatable {
    /// What the kubelet says.
    public var message: String
    /// When a plan has found it.
    public var since: Timestamp
}

extension Fleet {
    /// Takes what a plan found out: nothing of ours holds such an image, whoever else uses it.
    ///
    /// - Parameter found: messages, by node and normalised reference.
    mutating func noteUnusable(_ found: [String: [String: String]], at now: Timestamp) -> [Transition] {
        guard !found.isEmpty || !unusable.isEmpty else { return [] }
        let former = unusable
        unusable = found.reduce(into: [:]) { all, node in
            all[node.key] = node.value.reduce(into: [:]) { images, image in
                let since = former[node.key]?[image.key]?.since ?? now
                images[image.key] = UnusableImage(message: image.value, since: since)
            }
        }
        let changed = Set(former.keys).union(unusable.keys).filter { former[$0]?.keys != unusable[$0]?.keys }
        return changed.sorted().flatMap { refreshCells(of: $0, at: now) }
    }

    /// Takes what a plan found out. The first time the image is removed, if no container uses it, and pulled again at once;
    /// where that has helped nothing, it is tried as seldom as what somebody has to mend.
    mutating func noteDamage(_ found: [String: [String: String]], at now: Timestamp) -> [Transition] {
        var transitions: [Transition] = []
        for (name, messages) in found.sorted(by: { $0.key < $1.key }) {
            for (key, message) in messages {
                guard let column = columns[key], let image = imageID(node: name, column: column)
                else { continue }
                let former = damage[name]?[key].flatMap { $0.imageID == image ? $0 : nil }
                damage[name, default: [:]][key] = Damage(imageID: image, message: message)
                var failure = Failure(
                    reason: .nodeStorage, message: message, attempts: 0, since: now, lastAttempt: now,
                    nextAttempt: now + Double(retry.permanentSeconds))
                if former == nil, let pause = failure.immediate.next(after: .nodeStorage, isInterruption: false) {
                    failure.nextAttempt = now + pause
                }
                nodes[name]?.failures[key] = failure
            }
            transitions += refreshCells(of: name, at: now)
        }
        return transitions
    }

    mutating func noteMended(_ attempts: [WireAttempt], node name: String, at now: Timestamp) {
        for attempt in attempts where attempt.outcome == .succeeded {
            if let order = nodes[name]?.orders[attempt.pullID] { noteMended(order, node: name, at: now) }
        }
    }

    /// A pull has brought what was damaged. One that asked what a tag means brings nothing that is there.
    mutating func noteMended(_ order: PullOrder, node name: String, at now: Timestamp) {
        guard !order.isRefresh else { return }
        damage[name]?[order.reference.normalised]?.mendedAt = now
    }
}

extension Planner {
    /// Finds images that are listed and no good: a container can't be made for a reason of content, or the image is far smaller
    /// than on other nodes.
    func findDamage(_ unheld: UnheldEntries, _ plan: inout Plan) {
        guard configuration.runtimeSocket != .none, !unheld.entries.isEmpty else { return }
        let tooSmall = fleet.catalogue.tooSmall
        for (name, entries) in unheld.entries {
            let pods = cluster.pods.living(on: name, of: set).filter { $0.template == template }
            for entry in entries {
                let column = columns[entry]
                let key = fleet.references[column].normalised
                // What a container uses isn't removed: see ``Fleet/unusable``.
                guard !fleet.isInUse(node: name, column: column) else { continue }
                let container = configuration.images[entry].container
                let trouble = pods.lazy.compactMap { $0.containers[container]?.contentTrouble }.first
                guard let message = trouble ?? smallness(of: column, on: name, tooSmall) else { continue }
                if let mended = fleet.damage[name]?[key]?.mendedAt, mended + Damage.patience > now {
                    plan.lookAgain(at: mended + Damage.patience)
                } else {
                    plan.damage[name, default: [:]][key] = message
                }
            }
        }
    }

    private func smallness(of column: Int, on name: String, _ tooSmall: [ImageCatalogue.Index: UInt64]) -> String? {
        guard !tooSmall.isEmpty, let image = fleet.nodes[name]?.resolved[column], let usual = tooSmall[image],
            let size = fleet.image(of: name, column: column)?.size
        else { return nil }
        return "the image isn't whole: its runtime reports \(size) bytes, and other nodes' \(usual) for this digest"
    }
}

extension ContainerView {
    /// What the kubelet says when no container can be made of the image because of its content.
    var contentTrouble: String? {
        guard !isRunning, waitingReason == "CreateContainerError", let waitingMessage,
            FailureExplanation.blamesContent(waitingMessage)
        else { return nil }
        return "no container can be made of the image: \(waitingMessage)"
    }
}
